"""The stored checks of a time, those in blocks (decisions.history.blocks) and those in rows alike, as SQL functions.

The phases of a check in a block are None; what `unfolded_phases` makes them of is in the columns after `detail`, so
that a statement that limits its rows makes no others. PostgreSQL puts the functions' statements in the place of calls.
"""

from __future__ import annotations

from controller.decisions.sql_function import SqlFunction

RESULTS_OF = SqlFunction(
    "results_of(bigint, timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION results_of(of_monitor bigint, since timestamptz, until timestamptz)
    RETURNS TABLE (
      monitor_id bigint, due_at timestamptz, location_id integer, purpose check_purpose, status check_status,
      duration_ms real, started_at timestamptz, stored_at timestamptz, agent text, address text, failure json,
      phases json, warnings json, facts json, transcript json, loop_lag_ms real, kernel_rtt_ms real,
      login_withheld boolean, detail json, phase_names text[], phase_codes smallint[], phase_gaps real[],
      rounded boolean
    ) LANGUAGE sql STABLE AS $$
      SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
        result.started_at, result.stored_at, result.agent, result.address, result.failure, result.phases,
        result.warnings, result.facts, result.transcript, result.loop_lag_ms, result.kernel_rtt_ms,
        result.login_withheld, result.detail, NULL::text[], NULL::smallint[], NULL::real[], false
      FROM result WHERE result.monitor_id = of_monitor AND result.due_at >= since AND result.due_at < until
      UNION ALL
      SELECT block.monitor_id, tick.due_at, block.location_id, 'scheduled'::check_purpose, 'success'::check_status,
        ms_of(coded.codes[tick.at + 1]),
        tick.due_at + (coded.codes[tick.at + 2] + 30000) * interval '1 millisecond',
        tick.due_at + (coded.codes[tick.at + 2] + 30000 + ms_of(coded.codes[tick.at + 1]) + CASE WHEN block.delayed
          THEN ms_of(coded.codes[tick.at + 5 + block.indexed::integer]) ELSE 0 END) * interval '1 millisecond',
        CASE WHEN coded.agents = '' THEN shape.agent
          ELSE varying_text(coded.agents, coded.codes, tick.at + coded.leading) END,
        CASE WHEN coded.addresses = '' THEN shape.address
          ELSE varying_text(coded.addresses, coded.codes, tick.at + coded.leading) END,
        NULL::json, NULL::json, shape.warnings,
        CASE WHEN shape.fact_parts IS NULL THEN shape.facts
          ELSE varying_facts(shape.fact_parts, coded.facts,
            coded.codes[tick.at + coded.leading + 1 : tick.at + coded.leading + block.varied]) END,
        NULL::json, ms_of(coded.codes[tick.at + 3]), ms_of(coded.codes[tick.at + 4]), shape.login_withheld,
        CASE WHEN coded.details = '' THEN shape.detail
          ELSE NULLIF(varying_value(coded.details, coded.codes, tick.at + coded.leading), '')::json END,
        shape.phases,
        coded.codes[tick.at + coded.leading + block.varied + 1 : tick.at + block.stride],
        block.gaps, true
      FROM result_block AS block
      CROSS JOIN LATERAL (
        SELECT block.codes || '{}'::smallint[] AS codes, 4 + block.indexed::integer + block.delayed::integer AS leading,
          split_part(block.varying, chr(2), 1) AS agents, split_part(block.varying, chr(2), 2) AS addresses,
          split_part(block.varying, chr(2), 3) AS details, (string_to_array(block.varying, chr(2)))[4:] AS facts
        OFFSET 0
      ) AS coded
      CROSS JOIN LATERAL unnest(block.shapes) WITH ORDINALITY AS own (id, place)
      JOIN result_shape AS shape ON shape.id = own.id
      CROSS JOIN LATERAL (
        SELECT block.stride * bit_count(substring(block.ticks FROM 1 FOR number))::integer AS at,
          block.first_at + number::bigint * block.interval_ms * interval '1 millisecond' AS due_at
        FROM generate_series(
          floor(date_part('epoch', GREATEST(since, block.first_at) - block.first_at) * 1000 / block.interval_ms)
            ::integer,
          ceil(date_part('epoch', LEAST(until, block.last_at) - block.first_at) * 1000 / block.interval_ms)::integer
        ) AS number
        WHERE number < length(block.ticks) AND get_bit(block.ticks, number) = 1
        OFFSET 0
      ) AS tick
      WHERE block.monitor_id = of_monitor AND block.last_at >= since AND block.last_at < until + interval '1 day'
        AND block.first_at < until AND tick.due_at >= since AND tick.due_at < until
        AND (NOT block.indexed OR coded.codes[tick.at + 5] = own.place)
    $$
    """,
)
"""Those of one monitor that were due at `since` or later and before `until`, in no order."""

RESULTS_BETWEEN = SqlFunction(
    "results_between(timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION results_between(since timestamptz, until timestamptz)
    RETURNS TABLE (
      monitor_id bigint, due_at timestamptz, location_id integer, purpose check_purpose, status check_status,
      duration_ms real, started_at timestamptz, stored_at timestamptz, agent text, address text, failure json,
      phases json, warnings json, facts json, transcript json, loop_lag_ms real, kernel_rtt_ms real,
      login_withheld boolean, detail json, phase_names text[], phase_codes smallint[], phase_gaps real[],
      rounded boolean
    ) LANGUAGE sql STABLE AS $$
      SELECT result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
        result.started_at, result.stored_at, result.agent, result.address, result.failure, result.phases,
        result.warnings, result.facts, result.transcript, result.loop_lag_ms, result.kernel_rtt_ms,
        result.login_withheld, result.detail, NULL::text[], NULL::smallint[], NULL::real[], false
      FROM result WHERE result.due_at >= since AND result.due_at < until
      UNION ALL
      SELECT block.monitor_id, tick.due_at, block.location_id, 'scheduled'::check_purpose, 'success'::check_status,
        ms_of(coded.codes[tick.at + 1]),
        tick.due_at + (coded.codes[tick.at + 2] + 30000) * interval '1 millisecond',
        tick.due_at + (coded.codes[tick.at + 2] + 30000 + ms_of(coded.codes[tick.at + 1]) + CASE WHEN block.delayed
          THEN ms_of(coded.codes[tick.at + 5 + block.indexed::integer]) ELSE 0 END) * interval '1 millisecond',
        CASE WHEN coded.agents = '' THEN shape.agent
          ELSE varying_text(coded.agents, coded.codes, tick.at + coded.leading) END,
        CASE WHEN coded.addresses = '' THEN shape.address
          ELSE varying_text(coded.addresses, coded.codes, tick.at + coded.leading) END,
        NULL::json, NULL::json, shape.warnings,
        CASE WHEN shape.fact_parts IS NULL THEN shape.facts
          ELSE varying_facts(shape.fact_parts, coded.facts,
            coded.codes[tick.at + coded.leading + 1 : tick.at + coded.leading + block.varied]) END,
        NULL::json, ms_of(coded.codes[tick.at + 3]), ms_of(coded.codes[tick.at + 4]), shape.login_withheld,
        CASE WHEN coded.details = '' THEN shape.detail
          ELSE NULLIF(varying_value(coded.details, coded.codes, tick.at + coded.leading), '')::json END,
        shape.phases,
        coded.codes[tick.at + coded.leading + block.varied + 1 : tick.at + block.stride],
        block.gaps, true
      FROM result_block AS block
      CROSS JOIN LATERAL (
        SELECT block.codes || '{}'::smallint[] AS codes, 4 + block.indexed::integer + block.delayed::integer AS leading,
          split_part(block.varying, chr(2), 1) AS agents, split_part(block.varying, chr(2), 2) AS addresses,
          split_part(block.varying, chr(2), 3) AS details, (string_to_array(block.varying, chr(2)))[4:] AS facts
        OFFSET 0
      ) AS coded
      CROSS JOIN LATERAL unnest(block.shapes) WITH ORDINALITY AS own (id, place)
      JOIN result_shape AS shape ON shape.id = own.id
      CROSS JOIN LATERAL (
        SELECT block.stride * bit_count(substring(block.ticks FROM 1 FOR number))::integer AS at,
          block.first_at + number::bigint * block.interval_ms * interval '1 millisecond' AS due_at
        FROM generate_series(
          floor(date_part('epoch', GREATEST(since, block.first_at) - block.first_at) * 1000 / block.interval_ms)
            ::integer,
          ceil(date_part('epoch', LEAST(until, block.last_at) - block.first_at) * 1000 / block.interval_ms)::integer
        ) AS number
        WHERE number < length(block.ticks) AND get_bit(block.ticks, number) = 1
        OFFSET 0
      ) AS tick
      WHERE block.last_at >= since AND block.last_at < until + interval '1 day'
        AND block.first_at < until AND tick.due_at >= since AND tick.due_at < until
        AND (NOT block.indexed OR coded.codes[tick.at + 5] = own.place)
    $$
    """,
)
"""The same of all monitors."""
