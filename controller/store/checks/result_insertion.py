"""The statement that stores results with all that follows from them."""

from __future__ import annotations

# The rules that it calls: controller.decisions.schedule (rounds, rotation), controller.decisions.monitors.inherited,
# controller.decisions.evaluation (late, ripe, worth). `refolded`: what comes more than an hour after the day that is
# put into blocks next may be too new for that, so the day is noted to be done again.
#
# A connection keeps its plan, which it may have made while tables were empty that are large now. So each row is looked
# up by its key: OFFSET keeps PostgreSQL from joining a table as a whole, and no table is to be read in order
# (enable_seqscan).
INSERT_RESULTS = """
WITH given AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::text[], $4::check_purpose[], $5::check_status[], $6::real[], $7::timestamptz[],
    $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::text[], $17::real[], $18::real[], $19::boolean[], $20::bigint[], $21::bigint[], $22::bigint[], $23::text[],
    $24::bigint[], $25::boolean[]
  ) WITH ORDINALITY AS given (
    monitor, due_at, location, purpose, status, duration_ms, started_at, checked_at, agent, address, failure_kind,
    failure, phases, warnings, facts, transcript, loop_lag_ms, kernel_rtt_ms, login_withheld, due_ms, hash_high,
    hash_low, detail, facts_digest, confirmed, place
  )
), known AS (
  SELECT given.*, monitor.id AS monitor_id, location.id AS location_id, organization.public_id AS organization,
    customer.public_id AS customer, monitor.retry_on_failure, monitor.interval_seconds, monitor.timeout_seconds,
    monitor.evaluation_deadline_seconds, monitor.target_changed_at, monitor.kind,
    confirmed OR (
      purpose = 'scheduled' AND monitor.status <> 'disabled' AND monitor.deleted_at IS NULL
      AND given.due_at BETWEEN location.created_at AND now() + make_interval(secs => $28)
      AND is_due(given.due_at, due_ms, monitor.target_changed_at, monitor.interval_seconds, hash_high, hash_low)
      AND may_check(
        location.id, location.country_code,
        effective_countries(
          monitor.allowed_check_country_codes, customer.allowed_check_country_codes,
          organization.allowed_check_country_codes
        ),
        monitor.location_ids, monitor.home_location_id
      )
      AND NOT may_rotate(
        monitor.rotate_locations OR package.check_locations IS NOT NULL, monitor.mode, monitor.policy ->> 'order',
        customer.policy ->> 'order',
        organization.policy ->> 'order'
      )
    ) AS expected,
    CASE WHEN purpose = 'scheduled' AND given.due_at < now() - interval '1 hour'
      THEN is_folded(monitor.id, location.id, given.due_at) ELSE false END AS folded
  FROM given
  CROSS JOIN LATERAL (SELECT * FROM monitor WHERE public_id = given.monitor OFFSET 0) AS monitor
  JOIN location ON location.code = given.location
  CROSS JOIN LATERAL (SELECT * FROM customer WHERE id = monitor.customer_id OFFSET 0) AS customer
  CROSS JOIN LATERAL (SELECT * FROM organization WHERE id = monitor.organization_id OFFSET 0) AS organization
  LEFT JOIN LATERAL (
    SELECT check_locations FROM package
    WHERE organization_id = customer.organization_id AND package_type = customer.package_type OFFSET 0
  ) AS package ON true
), stored AS (
  INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address,
    failure, phases, warnings, facts, transcript, loop_lag_ms, kernel_rtt_ms, login_withheld,
    detail)
  SELECT DISTINCT ON (monitor_id, due_at, location_id, purpose)
    monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address, failure::json,
    phases::json, warnings::json, facts::json, transcript::json, loop_lag_ms, kernel_rtt_ms, login_withheld,
    CASE WHEN detail::json ->> 'kind' = kind THEN detail::json END
  FROM known WHERE expected AND NOT folded ORDER BY monitor_id, due_at, location_id, purpose, place
  ON CONFLICT DO NOTHING
  RETURNING monitor_id, due_at, location_id, purpose
), outcome AS MATERIALIZED (
  SELECT known.*, (monitor_id, due_at, location_id, purpose) IN (SELECT * FROM stored) AS new FROM known
), fresh AS (
  SELECT * FROM outcome WHERE new
), retried AS (
  INSERT INTO recheck (monitor_id, round_due_at, due_at, location_ids)
  SELECT monitor_id, due_at, now() + make_interval(secs => $26), array_agg(DISTINCT location_id)
  FROM fresh WHERE retry_on_failure AND status = 'failure' AND purpose = 'scheduled' GROUP BY monitor_id, due_at
  RETURNING monitor_id, round_due_at, due_at, location_ids
), linked AS (
  INSERT INTO retry (monitor_id, due_at, location_id, round_due_at)
  SELECT monitor_id, due_at, unnest(location_ids), round_due_at FROM retried ON CONFLICT DO NOTHING
), evaluated AS (
  SELECT fresh.*, retry.round_due_at IS NOT NULL AS is_retry,
    COALESCE(retry.round_due_at, fresh.due_at) AS evaluation_due_at,
    CASE WHEN retry.round_due_at IS NULL THEN fresh.purpose ELSE 'scheduled' END AS evaluation_purpose
  FROM fresh
  LEFT JOIN LATERAL (
    SELECT round_due_at FROM retry WHERE monitor_id = fresh.monitor_id AND due_at = fresh.due_at
      AND location_id = fresh.location_id AND fresh.purpose = 'recheck'
    OFFSET 0
  ) AS retry ON true
  WHERE fresh.purpose <> 'triggered'
    AND now() <= late_at(fresh.due_at, interval_seconds, timeout_seconds, evaluation_deadline_seconds)
), noted AS (
  INSERT INTO evaluation (monitor_id, due_at, purpose, ripe_at, check_at)
  SELECT DISTINCT evaluated.monitor_id, evaluation_due_at, evaluation_purpose,
    ripe_at(
      evaluation_due_at, now(), interval_seconds, timeout_seconds, evaluation_deadline_seconds, retry_on_failure
    ),
    now()
  FROM evaluated
  LEFT JOIN LATERAL (
    SELECT stable, blind_ids FROM monitor_state WHERE monitor_id = evaluated.monitor_id OFFSET 0
  ) AS monitor_state ON true
  LEFT JOIN LATERAL (
    SELECT monitor_id FROM evaluation WHERE monitor_id = evaluated.monitor_id AND due_at = evaluation_due_at
      AND purpose = evaluation_purpose
    OFFSET 0
  ) AS evaluation ON true
  WHERE evaluation_due_at >= target_changed_at AND is_result_worth(
    monitor_state.stable, evaluation.monitor_id IS NOT NULL, is_retry, status, warnings IS NOT NULL,
    evaluated.location_id = ANY (monitor_state.blind_ids)
  )
  ORDER BY 1, 2, 3
  ON CONFLICT (monitor_id, due_at, purpose) DO UPDATE SET check_at = EXCLUDED.check_at
), compared AS (
  INSERT INTO changed_facts (monitor_id, location_id, seen_at)
  SELECT fresh.monitor_id, fresh.location_id, known.facts_at
  FROM fresh LEFT JOIN LATERAL (
    SELECT facts_at, facts_digest FROM latest
    WHERE monitor_id = fresh.monitor_id AND location_id = fresh.location_id OFFSET 0
  ) AS known ON true
  WHERE fresh.facts_digest IS DISTINCT FROM known.facts_digest AND fresh.facts_digest IS NOT NULL
), newest AS (
  INSERT INTO latest AS old (monitor_id, location_id, due_at, status, failure_kind, duration_ms, checked_at,
    facts_digest, facts_at)
  SELECT DISTINCT ON (monitor_id, location_id) monitor_id, location_id, due_at, status, failure_kind, duration_ms,
    max(checked_at) OVER (PARTITION BY monitor_id, location_id), facts_digest,
    CASE WHEN facts_digest IS NOT NULL THEN due_at END
  FROM fresh ORDER BY monitor_id, location_id, due_at DESC
  ON CONFLICT (monitor_id, location_id) DO UPDATE SET due_at = EXCLUDED.due_at, status = EXCLUDED.status,
    failure_kind = EXCLUDED.failure_kind, duration_ms = EXCLUDED.duration_ms,
    checked_at = GREATEST(EXCLUDED.checked_at, old.checked_at),
    facts_digest = COALESCE(EXCLUDED.facts_digest, old.facts_digest),
    facts_at = COALESCE(EXCLUDED.facts_at, old.facts_at)
  WHERE old.due_at < EXCLUDED.due_at
), good AS (
  INSERT INTO last_good AS old (monitor_id, location_id, due_at, purpose, started_at, duration_ms, agent, address,
    phases, warnings, facts, transcript)
  SELECT DISTINCT ON (fresh.monitor_id, fresh.location_id) fresh.monitor_id, fresh.location_id, fresh.due_at,
    fresh.purpose, fresh.started_at, fresh.duration_ms, fresh.agent, fresh.address, fresh.phases::json,
    fresh.warnings::json, fresh.facts::json, fresh.transcript::json
  FROM fresh LEFT JOIN LATERAL (
    SELECT due_at FROM last_good WHERE monitor_id = fresh.monitor_id AND location_id = fresh.location_id OFFSET 0
  ) AS known ON true
  WHERE status = 'success' AND fresh.transcript IS NOT NULL AND (known.due_at IS NULL OR known.due_at < fresh.due_at
    - CASE WHEN fresh.warnings IS NULL THEN interval '0' ELSE make_interval(secs => $27) END)
  ORDER BY fresh.monitor_id, fresh.location_id, fresh.due_at DESC
  ON CONFLICT (monitor_id, location_id) DO UPDATE SET due_at = EXCLUDED.due_at, purpose = EXCLUDED.purpose,
    started_at = EXCLUDED.started_at, duration_ms = EXCLUDED.duration_ms, agent = EXCLUDED.agent,
    address = EXCLUDED.address, phases = EXCLUDED.phases, warnings = EXCLUDED.warnings, facts = EXCLUDED.facts,
    transcript = EXCLUDED.transcript
  WHERE old.due_at < EXCLUDED.due_at
), late AS (
  INSERT INTO rollup_due (monitor_id, hour)
  SELECT DISTINCT monitor_id, date_trunc('hour', due_at, 'UTC') FROM stored
  WHERE due_at < (SELECT closed_until FROM rollup_progress)
), refolded AS (
  INSERT INTO fold_due AS old (monitor_id, day)
  SELECT DISTINCT monitor_id, date_trunc('day', due_at, 'UTC')
  FROM fresh, (SELECT at FROM fold_progress WHERE span_seconds = 86400) AS days
  WHERE status = 'success' AND purpose = 'scheduled'
    AND (due_at < days.at OR days.at < now() - interval '25 hours' AND due_at < days.at + interval '1 day')
  ORDER BY 1, 2
  ON CONFLICT (monitor_id, day) DO UPDATE SET noted_at = now() WHERE old.noted_at < now() - interval '1 minute'
)
SELECT place, organization, customer, kind, expected, folded, new, monitor_id, location_id, due_at, purpose,
  interval_seconds, status, checked_at,
  CASE WHEN new THEN (
    SELECT reason FROM gap
    WHERE gap.monitor_id = outcome.monitor_id AND gap.from_at = outcome.due_at AND gap.to_at = outcome.due_at
      AND gap.location_id = outcome.location_id AND gap.purpose = outcome.purpose
  ) END AS gap_reason,
  new AND location_id IN (SELECT location_id FROM blind_period WHERE to_at > now()) AS was_blind
FROM outcome
"""
