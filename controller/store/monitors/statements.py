"""The statements about whole monitors. A setting is a column that INSERT and UPDATE name; nothing else here names it.

A monitor is read and written as one JSON object whose keys are columns, and the fields of controller.model.Monitor. Its
status is `set_status` there: the column knows no maintenance, which is a window (controller.store.maintenance).
"""

from __future__ import annotations

INSERT = """
WITH made AS (
  INSERT INTO monitor (
    organization_id, customer_id, kind, name, hostname, port, status, interval_seconds, timeout_seconds,
    evaluation_deadline_seconds, allowed_check_country_codes, config, notification_email, notification_phone_number,
    ipv4, resolve_dns, location_ids, home_location_id, mode, rotate_locations, locations_per_round, retry_on_failure,
    notify_on_error, alertsite, notes, labels, project, external_key
  )
  SELECT
    organization_id, customer_id, kind, name, hostname, port,
    CASE $1::json ->> 'set_status' WHEN 'disabled' THEN 'disabled' ELSE 'active' END, interval_seconds, timeout_seconds,
    evaluation_deadline_seconds, allowed_check_country_codes, config, notification_email, notification_phone_number,
    ipv4, resolve_dns, location_ids, home_location_id, mode, rotate_locations, locations_per_round, retry_on_failure,
    notify_on_error, alertsite, notes, labels, project, external_key
  FROM json_populate_record(NULL::monitor, $1::json)
  RETURNING *
)
SELECT row_to_json(shown)::text AS monitor
FROM (
  SELECT made.*, $1::json ->> 'set_status' AS set_status, customer.name AS customer_name,
    NULL::timestamptz AS last_checked_at
  FROM made JOIN customer ON customer.id = made.customer_id
) AS shown
"""
"""Takes a NewMonitor."""

UPDATE = """
WITH changed AS (
  UPDATE monitor SET
    customer_id = new.customer_id,
    kind = new.kind,
    name = new.name,
    hostname = new.hostname,
    port = new.port,
    status = CASE $1::json ->> 'set_status' WHEN 'disabled' THEN 'disabled' ELSE 'active' END,
    interval_seconds = new.interval_seconds,
    timeout_seconds = new.timeout_seconds,
    evaluation_deadline_seconds = new.evaluation_deadline_seconds,
    allowed_check_country_codes = new.allowed_check_country_codes,
    config = new.config,
    notification_email = new.notification_email,
    notification_phone_number = new.notification_phone_number,
    notes = new.notes,
    labels = new.labels,
    project = new.project,
    external_key = new.external_key,
    ipv4 = new.ipv4,
    resolve_dns = new.resolve_dns,
    location_ids = new.location_ids,
    home_location_id = new.home_location_id,
    mode = new.mode,
    rotate_locations = new.rotate_locations,
    locations_per_round = new.locations_per_round,
    retry_on_failure = new.retry_on_failure,
    notify_on_error = new.notify_on_error,
    alertsite = new.alertsite,
    updated_at = clock_timestamp(),
    policy = CASE WHEN $2 THEN NULL ELSE monitor.policy END,
    target_changed_at = CASE WHEN $3 THEN clock_timestamp() ELSE monitor.target_changed_at END
  FROM json_populate_record(NULL::monitor, $1::json) AS new
  WHERE monitor.id = new.id
  RETURNING monitor.*
)
SELECT row_to_json(shown)::text AS monitor
FROM (
  SELECT changed.*, $1::json ->> 'set_status' AS set_status,
    (
      SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = changed.id
    ) AS maintenance,
    (SELECT customer.name FROM customer WHERE customer.id = changed.customer_id) AS customer_name,
    (SELECT max(latest.checked_at) FROM latest WHERE latest.monitor_id = changed.id) AS last_checked_at
  FROM changed
) AS shown
"""
"""Takes a Monitor, whether it loses its own policy, and whether its target changed."""

READ = """
SELECT row_to_json(shown)::text AS monitor
FROM (
  SELECT monitor.*, set_status(monitor.id, monitor.status) AS set_status,
    (
      SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = monitor.id
    ) AS maintenance,
    (SELECT customer.name FROM customer WHERE customer.id = monitor.customer_id) AS customer_name,
    (SELECT max(latest.checked_at) FROM latest WHERE latest.monitor_id = monitor.id) AS last_checked_at
  FROM monitor
  WHERE monitor.id = COALESCE($1::bigint, (SELECT named.id FROM monitor AS named WHERE named.public_id = $2::uuid))
    AND ($3::bigint IS NULL OR monitor.organization_id = $3) AND monitor.kind = ANY ($4::text[])
    AND monitor.deleted_at IS NULL
) AS shown
"""
"""Takes a number or a public id, an organization or NULL for any, and kinds."""

READ_LOCKED = """
SELECT row_to_json(shown)::text AS monitor
FROM (
  SELECT monitor.*, set_status(monitor.id, monitor.status) AS set_status,
    (
      SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = monitor.id
    ) AS maintenance,
    (SELECT customer.name FROM customer WHERE customer.id = monitor.customer_id) AS customer_name,
    (SELECT max(latest.checked_at) FROM latest WHERE latest.monitor_id = monitor.id) AS last_checked_at
  FROM monitor
  WHERE monitor.id = COALESCE($1::bigint, (SELECT named.id FROM monitor AS named WHERE named.public_id = $2::uuid))
    AND ($3::bigint IS NULL OR monitor.organization_id = $3) AND monitor.kind = ANY ($4::text[])
    AND monitor.deleted_at IS NULL
  FOR UPDATE OF monitor
) AS shown
"""
"""The same, and the row stays locked until the transaction ends."""

PAGE = """
WITH matching AS NOT MATERIALIZED (
  SELECT * FROM monitor
  WHERE organization_id = $1 AND deleted_at IS NULL AND kind = ANY ($2::text[])
    AND ($3::bigint[] IS NULL OR customer_id = ANY ($3)) AND ($7::bigint[] IS NULL OR id = ANY ($7))
    AND ($4::text IS NULL OR strpos(lower(name), lower($4)) > 0 OR strpos(lower(hostname), lower($4)) > 0
      OR customer_id IN (SELECT id FROM customer WHERE organization_id = $1 AND strpos(lower(name), lower($4)) > 0))
)
SELECT total.total, page.monitor
FROM (SELECT count(*) AS total FROM matching) AS total
LEFT JOIN (
  SELECT shown.id, row_to_json(shown)::text AS monitor
  FROM (
    SELECT matching.*, set_status(matching.id, matching.status) AS set_status,
      (
        SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = matching.id
      ) AS maintenance,
      (SELECT customer.name FROM customer WHERE customer.id = matching.customer_id) AS customer_name,
      (SELECT max(latest.checked_at) FROM latest WHERE latest.monitor_id = matching.id) AS last_checked_at
    FROM matching ORDER BY matching.id LIMIT $5 OFFSET $6
  ) AS shown
) AS page ON true
ORDER BY page.id
"""
"""Takes an organization, kinds, customers, a text to search for, limit, offset and numbers; a filter may be NULL."""
