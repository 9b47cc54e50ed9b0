"""The rows of a table that only a variable names, to compare or to search them."""

from __future__ import annotations

import io
from collections.abc import Sequence

from controller.store.platform.pool import Connection


async def rows_of(connection: Connection, table: str, columns: Sequence[str] | None = None) -> list[str]:
    """Each row of a table as one line of text, bytes in hexadecimal, in the order of the lines."""
    text = io.BytesIO()
    await connection.copy_from_table(table, columns=columns, output=text)
    return sorted(text.getvalue().decode().splitlines())


async def tables(connection: Connection) -> list[str]:
    """The tables that hold rows, the partitions of others among them."""
    found = await connection.fetch(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return [name for (name,) in found]
