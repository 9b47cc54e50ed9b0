"""What a block keeps by check (decisions.history.shapes), as functions of SQL: the value that one check has.

`codes` are the block's numbers; those of the check that say the places of its values come after the first `before`.
"""

from __future__ import annotations

from controller.decisions.sql_function import SqlFunction

VARYING_VALUE = SqlFunction(
    "varying_value(text, smallint[], integer)",
    """
    CREATE OR REPLACE FUNCTION varying_value(slot text, codes smallint[], before integer) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
      SELECT split_part(slot, chr(1), 2)
        || split_part(slot, chr(1), 3 + codes[before + split_part(slot, chr(1), 1)::integer])
        || split_part(slot, chr(1), 3)
    $$
    """,
)
"""The JSON of the value."""

VARYING_TEXT = SqlFunction(
    "varying_text(text, smallint[], integer)",
    """
    CREATE OR REPLACE FUNCTION varying_text(slot text, codes smallint[], before integer) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
      SELECT varying_value(slot, codes, before)::json #>> '{}'
    $$
    """,
)
"""The same of JSON that is a string or null."""

VARYING_FACTS = SqlFunction(
    "varying_facts(text[], text[], smallint[])",
    """
    CREATE OR REPLACE FUNCTION varying_facts(parts text[], slots text[], numbers smallint[])
    RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      made text := parts[1];
    BEGIN
      FOR n IN 1 .. array_length(slots, 1) LOOP
        made := made || varying_value(slots[n], numbers, 0) || parts[n + 1];
      END LOOP;
      RETURN made::json;
    END
    $$
    """,
)
"""All facts of the check that has these numbers: its values between the parts that its shape has."""
