"""Parameters of queries: filters of streams and of results, positions to resume at."""

from __future__ import annotations

from controller.api.v1.results.query import Given, given_cursor, question
from controller.api.v1.stream.filters import event_types, requested_filter, resume_at
from controller.errors import InvalidError

SEEDS = (
    b"result,verdict\n1,2\n33333333-3333-4333-8333-333333333333\nDE,us\nde-nbg\nsmtp\nfailure",
    b"2026-01-01T00:00:00Z\n2026-01-02\nasc\n1\n33333333-3333-4333-8333-333333333333\nDE\nde-nbg\nsmtp\nunknown\nrecheck",
    b"19a0c3f5e80-4711",
    b"0001-01-01T00:00:00+23:59\n9999-12-31T23:59:59-23:59",
    b",,\n ,\n%00\n\xc2\xb2",
)
_FIELDS = tuple(Given.__struct_fields__)


def check(data: bytes) -> None:
    """Each line is a value. A query is read, or one of its parameters is refused by name."""
    lines = data.decode("utf-8", "replace").split("\n")
    values: list[str | None] = [*(line or None for line in lines), *[None] * len(_FIELDS)]
    for read in (
        lambda: question(Given(**dict(zip(_FIELDS, values, strict=False)))),
        lambda: given_cursor(values[0]),
        lambda: resume_at(values[0], values[1]),
        lambda: requested_filter(
            types=event_types(values[0]),
            customer_id=values[1],
            monitor=values[2],
            country=values[3],
            location=values[4],
            kind=values[5],
            status=values[6],
        ),
    ):
        try:
            read()
        except InvalidError as error:
            assert error.field
            str(error).encode()
