"""When two notifications have the same receiver, for Python and SQL."""

from __future__ import annotations

from controller.decisions.sql_function import SqlFunction


def receiver_key(kind: str, receiver: str, channel_id: int | None) -> str:
    """Equal for the same receiver: an address in upper or lower case, on whatever channel of type email or sms, or a
    channel of any other type, whatever its name.
    """
    return f"{kind} {receiver.lower()}" if kind in ("email", "sms") else f"channel {channel_id}"


# The index delivery_of_receiver has the same expression, so that statements which call the function use it.
RECEIVER_KEY = SqlFunction(
    "receiver_key(text, text, bigint)",
    """
    CREATE OR REPLACE FUNCTION receiver_key(kind text, receiver text, channel_id bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT CASE WHEN kind IN ('email', 'sms') THEN kind || ' ' || lower(receiver)
        ELSE 'channel ' || channel_id::text END
    $$
    """,
)
