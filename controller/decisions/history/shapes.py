"""Split what checks found into what a block refers to once, their shapes, and what it keeps by check. Pure.

An agent, address, detail or fact of which a block has several values is kept in the block where that takes less space
than a shape for each value: a greeting with the time in it, a mailbox's counts, the addresses of a pool. What varies
together is told by one number a check, which says the place of its values. So a shape is used again hour after hour,
and a value of many bytes that few checks' shapes have, as the capabilities of two servers, is not repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

FEWEST_CHECKS = 4
"""Fewer checks of one rhythm take less space as rows, and so do fewer that need a shape of their own."""

SEPARATOR, NEXT = "\x01", "\x02"
"""No JSON text has them."""

_SHAPE_BYTES = 400
"""What a shape takes at least. It is often used again, a value in a block never."""
_MOST_BYTES = 200
"""Checks whose values take more of a block stay rows: these take four times as much, but are kept for less long."""
_NUMBER_BYTES = 2
_AGENT, _ADDRESS, _DETAIL, _FACTS = range(4)
"""The places of what may vary; from the last one on, the facts in their order."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Shape(NamedTuple):
    """What many checks have in common. `warnings`, `facts` and `detail` are JSON.

    What a block keeps by check is None here; of facts some of which it keeps so, `fact_parts` are the JSON around them.
    """

    agent: str | None
    address: str | None
    phases: tuple[str, ...]
    warnings: str | None
    facts: str | None
    detail: str | None
    login_withheld: bool
    fact_parts: tuple[str, ...] | None = None


class Varying(NamedTuple):
    """The values that a block keeps by check, by what they are of, and `numbers`: lists of a number a check, from 1.

    Each is the place, from 1, of its numbers; what its values begin with; what they end with; and what is between of
    each value, all with SEPARATOR between them. Values are JSON; a detail that is missing is empty. An empty one: all
    is in the shapes.
    """

    agents: str = ""
    addresses: str = ""
    details: str = ""
    facts: tuple[str, ...] = ()
    numbers: tuple[Sequence[int], ...] = ()

    @property
    def text(self) -> str:
        """As stored: the values of agents, addresses, details and each fact, with NEXT between them."""
        return NEXT.join((self.agents, self.addresses, self.details, *self.facts)) if self.numbers else ""


class Split(NamedTuple):
    """Of the checks at `kept`, the shapes and what varies."""

    kept: Sequence[int]
    shapes: list[Shape]
    varying: Varying


def fact_names(shape: Shape) -> tuple[str, ...]:
    """The names of the facts in their order; shapes that are split together have the same."""
    return tuple(_raw_members(shape.facts))


def split(shapes: Sequence[Shape]) -> Split | None:
    """Split what some checks found, which have phases and names of facts in common; None if all are to stay rows."""
    kept: Sequence[int] = range(len(shapes))
    while len(kept) >= FEWEST_CHECKS:
        own = [shapes[n] for n in kept]
        found = _split(own)
        if found is None:
            return None
        reduced, varying = found
        known = Counter(reduced)
        usual = [n for n, shape in zip(kept, reduced, strict=True) if known[shape] >= FEWEST_CHECKS]
        if len(usual) == len(kept):
            return Split(kept, reduced, varying)
        kept = usual
    return None


def _split(shapes: list[Shape]) -> tuple[list[Shape], Varying] | None:
    distinct = list(dict.fromkeys(shapes))
    if len(distinct) == 1:
        return shapes, Varying()
    texts = [_texts(shape) for shape in distinct]
    columns = list(zip(*texts, strict=True))
    alike: dict[tuple[int, ...], list[int]] = {}
    for place, column in enumerate(columns):
        if column.count(column[0]) == len(column):
            continue
        known: dict[str, int] = {}
        alike.setdefault(tuple(known.setdefault(text, len(known) + 1) for text in column), []).append(place)
    slots: dict[int, str] = {}
    by_shape: list[tuple[int, ...]] = []
    total = 0
    for numbers, places in alike.items():
        values = max(numbers)
        made = {place: _slot(len(by_shape) + 1, columns[place]) for place in places}
        size = sum(len(slot.encode()) for slot in made.values()) + _NUMBER_BYTES * len(shapes)
        if values * FEWEST_CHECKS > len(shapes) or size < (values - 1) * _SHAPE_BYTES:
            slots |= made
            by_shape.append(numbers)
            total += size
    if total > _MOST_BYTES * len(shapes):
        return None
    reduced = _reduced(distinct, texts, slots)
    place_of = {shape: place for place, shape in enumerate(distinct)}
    places_of_checks = [place_of[shape] for shape in shapes]
    facts = tuple(slots[place] for place in range(_FACTS, len(columns)) if place in slots)
    return [reduced[place] for place in places_of_checks], Varying(
        agents=slots.get(_AGENT, ""),
        addresses=slots.get(_ADDRESS, ""),
        details=slots.get(_DETAIL, ""),
        facts=facts,
        numbers=tuple([numbers[place] for place in places_of_checks] for numbers in by_shape),
    )


def _reduced(shapes: Sequence[Shape], texts: Sequence[Sequence[str]], slots: dict[int, str]) -> list[Shape]:
    """The shapes without what is in slots; those that differ in nothing else become one."""
    some_facts = any(place >= _FACTS for place in slots)
    rest = [place for place in range(len(texts[0])) if place not in slots]
    known: dict[tuple[object, ...], Shape] = {}
    made: list[Shape] = []
    for shape, own in zip(shapes, texts, strict=True):
        key = (
            shape.warnings,
            shape.login_withheld,
            None if some_facts else shape.facts,
            *[own[place] for place in rest],
        )
        if key not in known:
            known[key] = _without(shape, slots)
        made.append(known[key])
    return made


def _texts(shape: Shape) -> list[str]:
    """What may vary, in order of its places."""
    agent, address = msgspec.json.encode(shape.agent).decode(), msgspec.json.encode(shape.address).decode()
    return [agent, address, shape.detail or "", *_members(shape.facts).values()]


def _members(facts: str | None) -> dict[str, str]:
    """The JSON of each fact by name; empty when they are not an object, which is never split."""
    return {name: bytes(value).decode() for name, value in _raw_members(facts).items()}


def _raw_members(facts: str | None) -> dict[str, msgspec.Raw]:
    try:
        return _MEMBERS.decode(facts or "{}")
    except msgspec.DecodeError:
        return {}


def _slot(number: int, column: Sequence[str]) -> str:
    texts = list(dict.fromkeys(column))
    begin = _common_begin(texts)
    rests = [text[len(begin) :] for text in texts]
    end = _common_begin([rest[::-1] for rest in rests])[::-1]
    return SEPARATOR.join((str(number), begin, end, *(rest[: len(rest) - len(end)] for rest in rests)))


def _common_begin(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    return next((first[:n] for n, character in enumerate(first) if character != last[n]), first)


def _without(shape: Shape, slots: dict[int, str]) -> Shape:
    facts, fact_parts = shape.facts, None
    if any(place >= _FACTS for place in slots):
        parts = ["{"]
        for n, (name, value) in enumerate(_members(facts).items()):
            parts[-1] += ("," if n else "") + msgspec.json.encode(name).decode() + ":"
            if n + _FACTS in slots:
                parts.append("")
            else:
                parts[-1] += value
        parts[-1] += "}"
        facts, fact_parts = None, tuple(parts)
    return shape._replace(
        agent=None if _AGENT in slots else shape.agent,
        address=None if _ADDRESS in slots else shape.address,
        detail=None if _DETAIL in slots else shape.detail,
        facts=facts,
        fact_parts=fact_parts,
    )
