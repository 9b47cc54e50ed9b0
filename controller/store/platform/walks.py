"""Where a page of a list begins and ends. Lists are walked by a text to sort by and then by number, so that nothing is
left out or repeated when rows are added meanwhile.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec


class ListWalk(msgspec.Struct, frozen=True, kw_only=True):
    """A page of at most `limit` rows, behind the row with this text and number (None: from the beginning). `sort` is
    one of the orders that the statement knows.
    """

    sort: str
    descending: bool = False
    after_text: str | None = None
    after_id: int | None = None
    limit: int

    @property
    def values(self) -> tuple[str, bool, str | None, int | None, int]:
        """What statements take as their first parameters, in this order."""
        return self.sort, self.descending, self.after_text, self.after_id, self.limit


def apart(row: asyncpg.Record) -> tuple[dict[str, Any], str]:
    """A row's own fields, and the text that it is sorted by."""
    fields = dict(row)
    return fields, fields.pop("sorted_by")
