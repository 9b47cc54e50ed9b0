"""A rule that SQL must apply too, as an SQL function. Its Python form is in the same module; a test compares both."""

from __future__ import annotations

from typing import NamedTuple


class SqlFunction(NamedTuple):
    """`signature` is name and types of arguments, as in `late_at(timestamptz, integer)`; `definition` is the whole
    CREATE OR REPLACE FUNCTION statement. Statements of the store call the function by its name.
    """

    signature: str
    definition: str
