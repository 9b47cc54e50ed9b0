"""An imagined outage as a drawing: a column for each round or recheck, a dot in it for each location. Pure.

A filled dot fails, an empty one passes; so no colour is needed to read it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.decisions.replay.imagined import ImaginedEvaluation, ImaginedOutage
from controller.pages.shell.texts import span
from shared.wire.rounds import Purpose

_COLUMN = 64
_ROW = 18
_TOP = 52
_MOST_DOTS = 8
_MOST_COLUMNS = 12
_BEGINNING = 3
_BEFORE = 2
_LEFT = 12


class OutageDot(msgspec.Struct, frozen=True):
    y: int
    failing: bool


class OutageColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A round or recheck; `left_out` says how many stand for this column instead. `mark` is what it leads to, and
    `more` how many locations it has no dot for.
    """

    x: int
    name: str
    time: str
    dots: list[OutageDot]
    more: int
    mark: str
    left_out: int = 0


class OutageDrawing(msgspec.Struct, frozen=True, kw_only=True):
    """`text` says the same as the picture."""

    width: int
    height: int
    floor: int
    columns: list[OutageColumn]
    text: str


def outage_drawing(outage: ImaginedOutage) -> OutageDrawing:
    """The columns side by side; of many, those in the middle are left out."""
    evaluations = outage.evaluations
    rows = max((min(len(one.fails), _MOST_DOTS) for one in evaluations), default=1)
    shown = _shown(len(evaluations), outage.opened, outage.closed)
    columns: list[OutageColumn] = []
    before = -1
    for place in shown:
        if place > before + 1:
            columns.append(_gap(len(columns), place - before - 1))
        columns.append(_column(len(columns), evaluations[place], _mark(place, outage)))
        before = place
    floor = _TOP + rows * _ROW + 14
    return OutageDrawing(
        width=_LEFT * 2 + len(columns) * _COLUMN,
        height=floor + 34,
        floor=floor,
        columns=columns,
        text=_text(outage),
    )


def _shown(number: int, opened: int | None, closed: int | None) -> list[int]:
    if number <= _MOST_COLUMNS:
        return list(range(number))
    around = [place for place in (opened, closed) if place is not None]
    kept = {place - back for place in around for back in range(_BEFORE + 1)} | {place + 1 for place in around}
    return sorted(place for place in {*range(_BEGINNING), *kept} if 0 <= place < number)


def _column(number: int, one: ImaginedEvaluation, mark: str) -> OutageColumn:
    return OutageColumn(
        x=_x(number),
        name="recheck" if one.purpose is Purpose.RECHECK else "round",
        time=span(one.seconds),
        dots=[OutageDot(_TOP + row * _ROW, fails) for row, fails in enumerate(one.fails[:_MOST_DOTS])],
        more=max(0, len(one.fails) - _MOST_DOTS),
        mark=mark,
    )


def _gap(number: int, left_out: int) -> OutageColumn:
    return OutageColumn(x=_x(number), name="", time="", dots=[], more=0, mark="", left_out=left_out)


def _x(number: int) -> int:
    return _LEFT + number * _COLUMN + _COLUMN // 2


def _mark(place: int, outage: ImaginedOutage) -> str:
    if place == outage.opened:
        return "opens"
    return "closes" if place == outage.closed else ""


def _text(outage: ImaginedOutage) -> str:
    evaluations = outage.evaluations
    if outage.opened is None:
        return "In this picture no incident opens: too few of the locations check often enough."
    opening = evaluations[outage.opened]
    failed = _counted(evaluations[: outage.opened + 1])
    parts = [f"After {failed} that fail, the incident opens, {span(opening.seconds)} after the first failure"]
    if outage.closed is not None:
        first_good = next(
            one for one in evaluations[outage.opened :] if not any(one.fails) and one.purpose is Purpose.SCHEDULED
        )
        length = evaluations[outage.closed].seconds - first_good.seconds
        closing = f"with the first passing round, {span(first_good.seconds)} after the first failure"
        if length:
            closing = f"{span(length)} after the first passing round"
        parts.append(f"and closes {closing}")
    return ", ".join(parts) + "."


def _counted(evaluations: Sequence[ImaginedEvaluation]) -> str:
    rounds = sum(one.purpose is Purpose.SCHEDULED for one in evaluations)
    rechecks = len(evaluations) - rounds
    words = f"{rounds} round{'' if rounds == 1 else 's'}"
    return words + (f" and {rechecks} recheck{'' if rechecks == 1 else 's'}" if rechecks else "")
