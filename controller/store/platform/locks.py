"""The advisory locks of PostgreSQL that controllers use between each other, all in one place so that no two are
equal.
"""

from __future__ import annotations

MIGRATION = 0x6D61_696C_7072_6F62
"""One migration at a time, whichever controller starts it."""

LEADER = 0x6D70_0000
"""Held for as long as a controller schedules."""

SETTLE = 0x6D70_0001
"""Storing results holds it shared and settling holds it alone, so that a check never has both a result and a gap."""

PARTITIONS = 0x6D70_0002
"""Making and dropping the partitions of days."""

ROLLUPS = 0x6D70_0003
"""One controller rolls up at a time."""

MONTHS = 0x6D70_0004
"""Making and dropping the partitions of months."""

EVENT_RELAY = 0x6D70_0006
"""One controller publishes the events of the outbox at a time."""

RETENTION = 0x6D70_0007
"""One controller at a time removes what organizations keep no longer."""

DEPENDENCIES = 0x6D70_0009
"""With the number of an organization: one change at a time of which of its monitors depend on which."""

FOLD = 0x6D70_000A
"""Making blocks holds it alone and storing late results holds it shared, so that no check is in a block and a row.
Whoever needs other locks of these, too, takes this one before SETTLE, which all results need, and after PARTITIONS.
"""

FOLDER = 0x6D70_000B
"""One controller at a time makes blocks."""

COMPACTION = 0x6D70_000C
"""Held by the connection of the one controller that gives back the space of folded rows, for as long as it does."""

LEFT_RESULTS = 0x6D70_000D
"""One controller at a time publishes what others left unpublished, so that events keep their order."""
