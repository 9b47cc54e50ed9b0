"""What a block and its shapes say of each check is what it found, and what varies makes no shapes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.history.shapes import FEWEST_CHECKS, SEPARATOR, Shape, Split, fact_names, split

BASE = Shape("a", "192.0.2.1", ("connect", "quit"), None, None, None, False)
CAPABILITIES = ["PIPELINING", "SIZE 10240000", "STARTTLS", "AUTH PLAIN LOGIN", "8BITMIME", "ENHANCEDSTATUSCODES"]


def shape(facts: dict[str, Any], **others: Any) -> Shape:
    return BASE._replace(facts=msgspec.json.encode(facts).decode(), **others)


def value(slot: str, numbers: Sequence[int]) -> str:
    """As the rule varying_value of the database."""
    place, begin, end, *values = slot.split(SEPARATOR)
    return begin + values[numbers[int(place) - 1] - 1] + end


def restored(found: Split, n: int) -> Shape:
    """What the block says of the check at a place of `kept`."""
    own, varying = found.shapes[n], found.varying
    numbers = [of_checks[n] for of_checks in varying.numbers]
    agent, address, detail, facts = own.agent, own.address, own.detail, own.facts
    if varying.agents:
        agent = msgspec.json.decode(value(varying.agents, numbers))
    if varying.addresses:
        address = msgspec.json.decode(value(varying.addresses, numbers))
    if varying.details:
        detail = value(varying.details, numbers) or None
    if varying.facts:
        assert own.fact_parts
        first, *parts = own.fact_parts
        facts = first + "".join(value(slot, numbers) + part for slot, part in zip(varying.facts, parts, strict=True))
    return own._replace(agent=agent, address=address, detail=detail, facts=facts, fact_parts=None)


def checked(shapes: Sequence[Shape]) -> Split:
    """The split of checks that all are put into a block, each of which is as it was."""
    found = split(shapes)
    assert found
    assert list(found.kept) == list(range(len(shapes)))
    assert [restored(found, n) for n in range(len(shapes))] == list(shapes)
    return found


texts = st.text(max_size=6) | st.sampled_from(["mx ready", 'mx "1" \\ ready', "é\u2028\x01\x7f", "a" * 300])
values = texts | st.integers(-5, 10**12) | st.booleans() | st.none() | st.lists(texts, max_size=2) | st.floats(0, 9)
names = st.lists(texts, max_size=4, unique=True)


@st.composite
def many(draw: st.DrawFn) -> list[Shape]:
    """Checks with facts of the same names, of few or many values."""
    of_names = {name: draw(st.lists(values, min_size=1, max_size=6)) for name in draw(names)}
    others: dict[str, list[Any]] = {
        "agent": draw(st.lists(texts, min_size=1, max_size=3)),
        "address": draw(st.lists(st.none() | texts, min_size=1, max_size=3)),
        "detail": draw(st.lists(st.none() | values.map(lambda one: msgspec.json.encode(one).decode()), min_size=1)),
        "warnings": draw(st.lists(st.none() | st.just('[{"kind":"slow"}]'), min_size=1, max_size=2)),
        "login_withheld": draw(st.lists(st.booleans(), min_size=1, max_size=2)),
    }
    made = []
    for n in range(draw(st.integers(1, 60))):
        pick = draw(st.sampled_from([n, n // 9, 0]))
        facts = {name: some[pick % len(some)] for name, some in of_names.items()}
        made.append(shape(facts, **{field: some[pick % len(some)] for field, some in others.items()}))
    return made


@given(many())
def test_a_check_in_a_block_is_what_it_was(shapes: list[Shape]) -> None:
    found = split(shapes)
    if found is None:
        return
    assert [restored(found, n) for n in range(len(found.kept))] == [shapes[n] for n in found.kept]
    assert all(found.shapes.count(one) >= FEWEST_CHECKS for one in found.shapes)


def test_a_greeting_with_the_time_needs_one_shape() -> None:
    found = checked([shape({"banner": f"mx ESMTP Exim 4.96 02:{n:02} +0000", "tls": "1.3"}) for n in range(60)])
    assert len(set(found.shapes)) == 1
    assert found.varying.facts
    [slot] = found.varying.facts
    assert slot.startswith(SEPARATOR.join(("1", '"mx ESMTP Exim 4.96 02:', ' +0000"', "00", "01")))


def test_the_next_hour_needs_no_other_shape() -> None:
    hours = [
        checked([shape({"banner": f"mx at {hour}:{n}", "uidNext": hour * 9 + n // 7}) for n in range(60)])
        for hour in (1, 2)
    ]
    assert len({one for found in hours for one in found.shapes}) == 1


def test_what_changes_together_takes_one_number() -> None:
    found = checked([shape({"messages": 7 + n // 9, "octets": 900 + n // 9 * 31, "n": 1}) for n in range(60)])
    assert len(set(found.shapes)) == 1
    [numbers] = found.varying.numbers
    assert numbers == [1 + n // 9 for n in range(60)]


def test_addresses_of_a_pool_and_agents_of_a_location_need_one_shape() -> None:
    found = checked(
        [shape({"n": 1}, address=None if n == 7 else f"192.0.2.{n % 5}", agent=f"de-{n % 8}") for n in range(60)]
    )
    assert len(set(found.shapes)) == 1
    assert len(found.varying.numbers) == 2


def test_long_values_of_two_servers_are_in_two_shapes() -> None:
    found = checked([shape({"capabilities": [*CAPABILITIES, *CAPABILITIES[n % 2 :]] * 2}) for n in range(60)])
    assert len(set(found.shapes)) == 2
    assert found.varying.numbers == ()


def test_a_long_value_that_few_checks_have_leaves_them_whole() -> None:
    long = [shape({"capabilities": CAPABILITIES * 2, "more": "x" * 400})]
    found = split([shape({"capabilities": [], "more": ""})] * 57 + long * 3)
    assert found
    assert list(found.kept) == list(range(57))


def test_what_takes_much_in_every_check_stays_whole() -> None:
    assert split([shape({"reply": chr(65 + n % 26) * 300 + str(n)}) for n in range(60)]) is None


def test_facts_that_are_no_object_are_kept_as_they_are() -> None:
    shapes = (
        [BASE._replace(facts="[1]")] * 5 + [BASE._replace(facts="[2]")] * 5 + [BASE._replace(facts='{"\\ud800":1}')] * 5
    )
    assert {fact_names(one) for one in shapes} == {()}
    checked(shapes)
