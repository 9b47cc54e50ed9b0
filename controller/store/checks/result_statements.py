"""The statements that read results of many monitors in time order (store.checks.result_history).

OFFSET keeps the reading of a monitor a lookup by key: a plan that is made without knowing the scope would read all
monitors instead. JSON columns are read as text, which msgspec decodes directly into their structs.
"""

from __future__ import annotations

from controller.decisions.history.history import Order

# By monitor: for few monitors.
_MONITORS_OLDEST = """
SELECT monitor_id, location_id, due_at, customer.public_id AS customer, found.public_id AS monitor,
  found.name AS monitor_name, kind, location.code AS location, location.country_code AS country, purpose, found.status,
  started_at, duration_ms, agent, address, failure::text,
  phases::text, array_to_string(phase_names, ',') AS phase_names, phase_codes, phase_gaps,
  warnings::text, facts::text, loop_lag_ms, kernel_rtt_ms, login_withheld, detail::text, rounded
FROM (
  SELECT result.*, monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id
  FROM unnest($15::bigint[]) AS read (id) CROSS JOIN LATERAL (
    SELECT monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id FROM monitor
    WHERE monitor.id = read.id AND monitor.organization_id = $1
      AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2)) AND ($3::text[] IS NULL OR monitor.kind = ANY ($3))
      AND ($4::bigint[] IS NULL OR monitor.id = ANY ($4))
    OFFSET 0
  ) AS monitor CROSS JOIN LATERAL (
    SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
      result.started_at, result.agent, result.address, result.failure, result.phases, result.warnings, result.facts,
      result.loop_lag_ms, result.kernel_rtt_ms, result.login_withheld, result.detail, result.rounded,
      result.phase_names, result.phase_codes, result.phase_gaps
    FROM (
      SELECT CASE WHEN $11::int[] IS NULL AND $12::check_status[] IS NULL AND $13::check_purpose[] IS NULL
        THEN oldest_until(
          monitor.id, GREATEST($5, $7::timestamptz), $6, NULL, NULL, NULL,
          $14::bigint + 3 * (SELECT count(*) FROM location)
        )
        ELSE $6 END AS at
      OFFSET 0
    ) AS ended CROSS JOIN LATERAL results_of(monitor.id, $5, ended.at) AS result
    WHERE result.due_at >= $5 AND result.due_at < $6
      AND (result.due_at, result.monitor_id, result.location_id, result.purpose)
        > ($7, $8::bigint, $9::int, $10::check_purpose)
      AND ($11::int[] IS NULL OR result.location_id = ANY ($11))
      AND ($12::check_status[] IS NULL OR result.status = ANY ($12))
      AND ($13::check_purpose[] IS NULL OR result.purpose = ANY ($13))
    ORDER BY due_at, monitor_id, location_id, purpose LIMIT $14
  ) AS result
  ORDER BY due_at, monitor_id, location_id, purpose LIMIT $14
) AS found
JOIN customer ON customer.id = found.customer_id JOIN location ON location.id = found.location_id
ORDER BY due_at, monitor_id, location_id, purpose
"""
_MONITORS_NEWEST = """
SELECT monitor_id, location_id, due_at, customer.public_id AS customer, found.public_id AS monitor,
  found.name AS monitor_name, kind, location.code AS location, location.country_code AS country, purpose, found.status,
  started_at, duration_ms, agent, address, failure::text,
  phases::text, array_to_string(phase_names, ',') AS phase_names, phase_codes, phase_gaps,
  warnings::text, facts::text, loop_lag_ms, kernel_rtt_ms, login_withheld, detail::text, rounded
FROM (
  SELECT result.*, monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id
  FROM unnest($15::bigint[]) AS read (id) CROSS JOIN LATERAL (
    SELECT monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id FROM monitor
    WHERE monitor.id = read.id AND monitor.organization_id = $1
      AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2)) AND ($3::text[] IS NULL OR monitor.kind = ANY ($3))
      AND ($4::bigint[] IS NULL OR monitor.id = ANY ($4))
    OFFSET 0
  ) AS monitor CROSS JOIN LATERAL (
    SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
      result.started_at, result.agent, result.address, result.failure, result.phases, result.warnings, result.facts,
      result.loop_lag_ms, result.kernel_rtt_ms, result.login_withheld, result.detail, result.rounded,
      result.phase_names, result.phase_codes, result.phase_gaps
    FROM (
      SELECT CASE WHEN $11::int[] IS NULL AND $12::check_status[] IS NULL AND $13::check_purpose[] IS NULL
        THEN newest_since(
          monitor.id, $5, LEAST($6, $7::timestamptz) + interval '1 millisecond', NULL, NULL, NULL,
          $14::bigint + 3 * (SELECT count(*) FROM location)
        )
        ELSE $5 END AS at
      OFFSET 0
    ) AS begun CROSS JOIN LATERAL results_of(monitor.id, begun.at, $6::timestamptz + interval '1 millisecond') AS result
    WHERE result.due_at >= $5 AND result.due_at <= $6
      AND (result.due_at, result.monitor_id, result.location_id, result.purpose)
        < ($7, $8::bigint, $9::int, $10::check_purpose)
      AND ($11::int[] IS NULL OR result.location_id = ANY ($11))
      AND ($12::check_status[] IS NULL OR result.status = ANY ($12))
      AND ($13::check_purpose[] IS NULL OR result.purpose = ANY ($13))
    ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC LIMIT $14
  ) AS result
  ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC LIMIT $14
) AS found
JOIN customer ON customer.id = found.customer_id JOIN location ON location.id = found.location_id
ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC
"""

# By time: for many monitors. Of checks in blocks, only those that are returned are unfolded whole.
_ALL_OLDEST = """
SELECT found.monitor_id, found.location_id, found.due_at, customer.public_id AS customer, found.public_id AS monitor,
  found.name AS monitor_name, kind, location.code AS location, location.country_code AS country, purpose, found.status,
  started_at, duration_ms, COALESCE(found.agent, shape.agent) AS agent,
  COALESCE(found.address, shape.address) AS address, failure::text,
  found.phases::text, array_to_string(shape.phases, ',') AS phase_names, phase_codes, phase_gaps,
  COALESCE(found.warnings, shape.warnings)::text AS warnings, COALESCE(found.facts, shape.facts)::text AS facts,
  loop_lag_ms, kernel_rtt_ms, COALESCE(found.login_withheld, shape.login_withheld) AS login_withheld,
  COALESCE(found.detail, shape.detail)::text AS detail, found.shape_id IS NOT NULL AS rounded
FROM (
  (
    SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
      result.started_at, result.agent, result.address, result.failure, result.phases, result.warnings, result.facts,
      result.loop_lag_ms, result.kernel_rtt_ms, result.login_withheld, result.detail,
      NULL::smallint[] AS phase_codes, NULL::real[] AS phase_gaps, NULL::bigint AS shape_id,
      NULL::text AS varying, NULL::smallint[] AS numbers,
      monitor.public_id, monitor.name, monitor.kind, monitor.customer_id
    FROM result CROSS JOIN LATERAL (
      SELECT monitor.public_id, monitor.name, monitor.kind, monitor.customer_id FROM monitor
      WHERE monitor.id = result.monitor_id AND monitor.organization_id = $1
        AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2))
        AND ($3::text[] IS NULL OR monitor.kind = ANY ($3)) AND ($4::bigint[] IS NULL OR monitor.id = ANY ($4))
      OFFSET 0
    ) AS monitor
    WHERE result.due_at >= $5 AND result.due_at < $6
      AND (result.due_at, result.monitor_id, result.location_id, result.purpose)
        > ($7, $8::bigint, $9::int, $10::check_purpose)
      AND ($11::int[] IS NULL OR result.location_id = ANY ($11))
      AND ($12::check_status[] IS NULL OR result.status = ANY ($12))
      AND ($13::check_purpose[] IS NULL OR result.purpose = ANY ($13))
    ORDER BY due_at, monitor_id, location_id, purpose LIMIT $14
  )
  UNION ALL
  (
    SELECT monitor_id, due_at, location_id, 'scheduled'::check_purpose AS purpose, 'success', duration_ms, started_at,
      NULL, NULL, NULL, NULL, NULL, NULL, loop_lag_ms, kernel_rtt_ms, NULL, NULL,
      phase_codes, phase_gaps, shape_id, varying, numbers, public_id, name, kind, customer_id
    FROM folded_between($1, $2, $3, $4, $11, $5, $6)
    WHERE (due_at, monitor_id, location_id, 'scheduled'::check_purpose)
        > ($7, $8::bigint, $9::int, $10::check_purpose)
      AND ($13::check_purpose[] IS NULL OR 'scheduled' = ANY ($13))
    ORDER BY due_at, monitor_id, location_id, purpose LIMIT $14
  )
  ORDER BY due_at, monitor_id, location_id, purpose LIMIT $14
) AS found
LEFT JOIN LATERAL (
  SELECT shape.phases, shape.warnings, shape.login_withheld,
    CASE WHEN own.agents = '' THEN shape.agent ELSE varying_text(own.agents, found.numbers, 0) END AS agent,
    CASE WHEN own.addresses = '' THEN shape.address ELSE varying_text(own.addresses, found.numbers, 0) END AS address,
    CASE WHEN shape.fact_parts IS NULL THEN shape.facts ELSE varying_facts(shape.fact_parts, own.facts, found.numbers)
      END AS facts,
    CASE WHEN own.details = '' THEN shape.detail ELSE NULLIF(varying_value(own.details, found.numbers, 0), '')::json END
      AS detail
  FROM result_shape AS shape CROSS JOIN LATERAL (
    SELECT split_part(found.varying, chr(2), 1) AS agents, split_part(found.varying, chr(2), 2) AS addresses,
      split_part(found.varying, chr(2), 3) AS details, (string_to_array(found.varying, chr(2)))[4:] AS facts
  ) AS own
  WHERE shape.id = found.shape_id OFFSET 0
) AS shape ON true
JOIN customer ON customer.id = found.customer_id JOIN location ON location.id = found.location_id
ORDER BY found.due_at, found.monitor_id, found.location_id, found.purpose
"""
_ALL_NEWEST = """
SELECT found.monitor_id, found.location_id, found.due_at, customer.public_id AS customer, found.public_id AS monitor,
  found.name AS monitor_name, kind, location.code AS location, location.country_code AS country, purpose, found.status,
  started_at, duration_ms, COALESCE(found.agent, shape.agent) AS agent,
  COALESCE(found.address, shape.address) AS address, failure::text,
  found.phases::text, array_to_string(shape.phases, ',') AS phase_names, phase_codes, phase_gaps,
  COALESCE(found.warnings, shape.warnings)::text AS warnings, COALESCE(found.facts, shape.facts)::text AS facts,
  loop_lag_ms, kernel_rtt_ms, COALESCE(found.login_withheld, shape.login_withheld) AS login_withheld,
  COALESCE(found.detail, shape.detail)::text AS detail, found.shape_id IS NOT NULL AS rounded
FROM (
  (
    SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
      result.started_at, result.agent, result.address, result.failure, result.phases, result.warnings, result.facts,
      result.loop_lag_ms, result.kernel_rtt_ms, result.login_withheld, result.detail,
      NULL::smallint[] AS phase_codes, NULL::real[] AS phase_gaps, NULL::bigint AS shape_id,
      NULL::text AS varying, NULL::smallint[] AS numbers,
      monitor.public_id, monitor.name, monitor.kind, monitor.customer_id
    FROM result CROSS JOIN LATERAL (
      SELECT monitor.public_id, monitor.name, monitor.kind, monitor.customer_id FROM monitor
      WHERE monitor.id = result.monitor_id AND monitor.organization_id = $1
        AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2))
        AND ($3::text[] IS NULL OR monitor.kind = ANY ($3)) AND ($4::bigint[] IS NULL OR monitor.id = ANY ($4))
      OFFSET 0
    ) AS monitor
    WHERE result.due_at >= $5 AND result.due_at <= $6
      AND (result.due_at, result.monitor_id, result.location_id, result.purpose)
        < ($7, $8::bigint, $9::int, $10::check_purpose)
      AND ($11::int[] IS NULL OR result.location_id = ANY ($11))
      AND ($12::check_status[] IS NULL OR result.status = ANY ($12))
      AND ($13::check_purpose[] IS NULL OR result.purpose = ANY ($13))
    ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC LIMIT $14
  )
  UNION ALL
  (
    SELECT monitor_id, due_at, location_id, 'scheduled'::check_purpose AS purpose, 'success', duration_ms, started_at,
      NULL, NULL, NULL, NULL, NULL, NULL, loop_lag_ms, kernel_rtt_ms, NULL, NULL,
      phase_codes, phase_gaps, shape_id, varying, numbers, public_id, name, kind, customer_id
    FROM folded_between($1, $2, $3, $4, $11, $5, $6::timestamptz + interval '1 millisecond')
    WHERE (due_at, monitor_id, location_id, 'scheduled'::check_purpose)
        < ($7, $8::bigint, $9::int, $10::check_purpose)
      AND ($13::check_purpose[] IS NULL OR 'scheduled' = ANY ($13))
    ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC LIMIT $14
  )
  ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC LIMIT $14
) AS found
LEFT JOIN LATERAL (
  SELECT shape.phases, shape.warnings, shape.login_withheld,
    CASE WHEN own.agents = '' THEN shape.agent ELSE varying_text(own.agents, found.numbers, 0) END AS agent,
    CASE WHEN own.addresses = '' THEN shape.address ELSE varying_text(own.addresses, found.numbers, 0) END AS address,
    CASE WHEN shape.fact_parts IS NULL THEN shape.facts ELSE varying_facts(shape.fact_parts, own.facts, found.numbers)
      END AS facts,
    CASE WHEN own.details = '' THEN shape.detail ELSE NULLIF(varying_value(own.details, found.numbers, 0), '')::json END
      AS detail
  FROM result_shape AS shape CROSS JOIN LATERAL (
    SELECT split_part(found.varying, chr(2), 1) AS agents, split_part(found.varying, chr(2), 2) AS addresses,
      split_part(found.varying, chr(2), 3) AS details, (string_to_array(found.varying, chr(2)))[4:] AS facts
  ) AS own
  WHERE shape.id = found.shape_id OFFSET 0
) AS shape ON true
JOIN customer ON customer.id = found.customer_id JOIN location ON location.id = found.location_id
ORDER BY found.due_at DESC, found.monitor_id DESC, found.location_id DESC, found.purpose DESC
"""

# By time, without those that passed, of which blocks hold none: the partial index of such results serves only what says
# so itself.
_NOT_PASSED_OLDEST = """
SELECT monitor_id, location_id, due_at, customer.public_id AS customer, found.public_id AS monitor,
  found.name AS monitor_name, kind, location.code AS location, location.country_code AS country, purpose, found.status,
  started_at, duration_ms, agent, address, failure::text, phases::text, NULL::text AS phase_names,
  NULL::smallint[] AS phase_codes, NULL::real[] AS phase_gaps, warnings::text, facts::text, loop_lag_ms, kernel_rtt_ms,
  login_withheld, detail::text, false AS rounded
FROM (
  SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
    result.started_at, result.agent, result.address, result.failure, result.phases, result.warnings, result.facts,
    result.loop_lag_ms, result.kernel_rtt_ms, result.login_withheld, result.detail,
    monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id
  FROM result CROSS JOIN LATERAL (
    SELECT monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id FROM monitor
    WHERE monitor.id = result.monitor_id AND monitor.organization_id = $1
      AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2)) AND ($3::text[] IS NULL OR monitor.kind = ANY ($3))
      AND ($4::bigint[] IS NULL OR monitor.id = ANY ($4))
    OFFSET 0
  ) AS monitor
  WHERE result.due_at >= $5 AND result.due_at < $6
    AND (result.due_at, result.monitor_id, result.location_id, result.purpose)
      > ($7, $8::bigint, $9::int, $10::check_purpose)
    AND ($11::int[] IS NULL OR result.location_id = ANY ($11))
    AND ($12::check_status[] IS NULL OR result.status = ANY ($12))
    AND ($13::check_purpose[] IS NULL OR result.purpose = ANY ($13))
    AND result.status <> 'success'
  ORDER BY due_at, monitor_id, location_id, purpose LIMIT $14
) AS found
JOIN customer ON customer.id = found.customer_id JOIN location ON location.id = found.location_id
ORDER BY due_at, monitor_id, location_id, purpose
"""
_NOT_PASSED_NEWEST = """
SELECT monitor_id, location_id, due_at, customer.public_id AS customer, found.public_id AS monitor,
  found.name AS monitor_name, kind, location.code AS location, location.country_code AS country, purpose, found.status,
  started_at, duration_ms, agent, address, failure::text, phases::text, NULL::text AS phase_names,
  NULL::smallint[] AS phase_codes, NULL::real[] AS phase_gaps, warnings::text, facts::text, loop_lag_ms, kernel_rtt_ms,
  login_withheld, detail::text, false AS rounded
FROM (
  SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
    result.started_at, result.agent, result.address, result.failure, result.phases, result.warnings, result.facts,
    result.loop_lag_ms, result.kernel_rtt_ms, result.login_withheld, result.detail,
    monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id
  FROM result CROSS JOIN LATERAL (
    SELECT monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id FROM monitor
    WHERE monitor.id = result.monitor_id AND monitor.organization_id = $1
      AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2)) AND ($3::text[] IS NULL OR monitor.kind = ANY ($3))
      AND ($4::bigint[] IS NULL OR monitor.id = ANY ($4))
    OFFSET 0
  ) AS monitor
  WHERE result.due_at >= $5 AND result.due_at <= $6
    AND (result.due_at, result.monitor_id, result.location_id, result.purpose)
      < ($7, $8::bigint, $9::int, $10::check_purpose)
    AND ($11::int[] IS NULL OR result.location_id = ANY ($11))
    AND ($12::check_status[] IS NULL OR result.status = ANY ($12))
    AND ($13::check_purpose[] IS NULL OR result.purpose = ANY ($13))
    AND result.status <> 'success'
  ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC LIMIT $14
) AS found
JOIN customer ON customer.id = found.customer_id JOIN location ON location.id = found.location_id
ORDER BY due_at DESC, monitor_id DESC, location_id DESC, purpose DESC
"""

_BY_MONITOR = {Order.ASC: _MONITORS_OLDEST, Order.DESC: _MONITORS_NEWEST}
_BY_TIME = {Order.ASC: _ALL_OLDEST, Order.DESC: _ALL_NEWEST}
_NOT_PASSED = {Order.ASC: _NOT_PASSED_OLDEST, Order.DESC: _NOT_PASSED_NEWEST}


def statement(order: Order, *, by_monitor: bool, successful: bool) -> str:
    """The statement that reads in this order; `successful`: checks that passed are wanted too."""
    if by_monitor:
        return _BY_MONITOR[order]
    return _BY_TIME[order] if successful else _NOT_PASSED[order]
