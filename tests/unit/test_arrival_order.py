"""The same evidence, in whatever order and however often it arrives and whoever judges it, is the same history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decisions.evaluation.evaluation import Judgement, Told, Turn, WaitingLook, judge
from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.state import Standing
from controller.decisions.evaluation.votes import Heard
from controller.model import Location, Mode, ScheduledMonitor
from shared.wire.failures import CheckWarning, Failure, WarningKind
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, next_due_ms, to_datetime
from tests.unit.looks import COUNTRIES, DISLIKED, GREYLISTED, RECHECK_MS, REFUSED

INTERVAL_MS = 60_000
BEGIN_MS = 1_770_000_000_000
NEVER_RIPE_MS = BEGIN_MS + 10**9
MONITOR = ScheduledMonitor(
    id=1,
    public_id=UUID(int=7),
    kind="smtp",
    hostname="mail.example.org",
    port=None,
    config={},
    interval_seconds=60,
    timeout_seconds=10,
    allowed_check_country_codes=None,
    target_changed_at=to_datetime(BEGIN_MS),
    updated_at=to_datetime(BEGIN_MS),
)
LOCATIONS = [
    Location(id=place + 1, code=country.lower(), name=country, country_code=country, enabled=True, public_key="k")
    for place, country in enumerate(COUNTRIES[:3])
]
SLOW = CheckWarning(kind=WarningKind.SLOW, detail="slow")
SAID: dict[str, tuple[ResultStatus | None, Failure | None, CheckWarning | None]] = {
    "p": (ResultStatus.SUCCESS, None, None),
    "w": (ResultStatus.SUCCESS, None, SLOW),
    "f": (ResultStatus.FAILURE, REFUSED, None),
    "g": (ResultStatus.FAILURE, GREYLISTED, None),
    "d": (ResultStatus.FAILURE, DISLIKED, None),
    "b": (None, None, None),  # a gap
}


class Arrival(NamedTuple):
    """What becomes known at once: a location's result or gap in the look due then."""

    due_ms: int
    purpose: Purpose
    heard: Heard


def due_moments(count: int) -> list[int]:
    moments = [BEGIN_MS]
    while len(moments) < count:
        moments.append(next_due_ms(MONITOR.public_id, INTERVAL_MS, BEGIN_MS, moments[-1]))
    return moments


def arrivals(words: Sequence[str]) -> list[Arrival]:
    """Every second word is the recheck of the round before it."""
    found = []
    for number, due_ms in enumerate(due_moments((len(words) + 1) // 2)):
        for place, word in enumerate(words[2 * number : 2 * number + 2]):
            purpose = Purpose.RECHECK if place else Purpose.SCHEDULED
            look_ms = due_ms + place * RECHECK_MS
            for here, letter in zip(LOCATIONS, word, strict=True):
                status, failure, warning = SAID[letter]
                found.append(Arrival(look_ms, purpose, Heard(here.id, look_ms, status, failure, warning, look_ms)))
    return found


class Desk:
    """What controllers share: what arrived, the looks not taken yet, the standing, and what was written down."""

    def __init__(self, words: Sequence[str], policy: Policy) -> None:
        self.policy = policy
        self.looks = sorted({(one.due_ms, one.purpose) for one in arrivals(words)})
        self.heard: dict[tuple[int, Purpose], dict[int, Heard]] = {look: {} for look in self.looks}
        self.standing = Standing()
        self.turns: list[Turn] = []
        self.told: list[Told] = []

    def arrives(self, arrival: Arrival) -> None:
        """A second copy is not stored."""
        self.heard[arrival.due_ms, arrival.purpose].setdefault(arrival.heard.location_id, arrival.heard)

    def judge(self, *, dies: bool = False) -> None:
        """Take what can be taken. A controller that dies has written nothing down."""
        while self.looks:
            made = self._judged()
            if dies or not made.taken:
                return
            self.standing = made.standing
            self.turns += made.turns
            self.told += made.told
            self.looks = self.looks[made.taken :]

    def _judged(self) -> Judgement:
        waiting = [
            WaitingLook(due_ms, purpose, NEVER_RIPE_MS, list(self.heard[due_ms, purpose].values()), [])
            for due_ms, purpose in self.looks
        ]
        return judge(MONITOR, self.policy, LOCATIONS, self.standing, waiting, BEGIN_MS)


_WORDS = st.one_of(st.sampled_from(["ppp", "ppp", "fff", "fff", "ffp"]), st.text("ppffwgdb", min_size=3, max_size=3))


@given(
    words=st.lists(_WORDS, min_size=1, max_size=16),
    policy=st.sampled_from(
        [
            STANDARD,
            PRESETS[Mode.GLOBAL_NOTIFY],
            PRESETS[Mode.GLOBAL_VERIFY],
            PRESETS[Mode.SLA],
            Policy(consecutive_rounds=2, recovery_rounds=2),
        ]
    ),
    data=st.data(),
)
@settings(deadline=None, max_examples=100)
def test_any_order_of_arrival_makes_the_same_history(words: list[str], policy: Policy, data: st.DataObject) -> None:
    in_order, shuffled = Desk(words, policy), Desk(words, policy)
    everything = arrivals(words)
    for arrival in everything:
        in_order.arrives(arrival)
        in_order.judge()
    copies = data.draw(st.lists(st.sampled_from(everything), max_size=5))
    for arrival in data.draw(st.permutations(everything + copies)):
        shuffled.arrives(arrival)
        match data.draw(st.sampled_from(["judge", "later", "die"])):
            case "judge":
                shuffled.judge()
            case "die":
                shuffled.judge(dies=True)
    shuffled.judge()
    assert not shuffled.looks
    assert (shuffled.turns, shuffled.told) == (in_order.turns, in_order.told)
    assert shuffled.standing == in_order.standing


def test_an_agent_that_talks_too_much_or_nonsense_neither_bloats_nor_spoils_what_is_told() -> None:
    talk = "\0" + "x" * 100_000
    failure = msgspec.structs.replace(REFUSED, detail=talk)
    warning = CheckWarning(kind=WarningKind.SLOW, detail=talk)
    heard = [
        Heard(1, BEGIN_MS, ResultStatus.FAILURE, failure, None, BEGIN_MS),
        Heard(2, BEGIN_MS, ResultStatus.SUCCESS, None, warning, BEGIN_MS),
        Heard(3, BEGIN_MS, ResultStatus.SUCCESS, None, None, BEGIN_MS),
    ]
    look = WaitingLook(BEGIN_MS, Purpose.SCHEDULED, NEVER_RIPE_MS, heard, [])
    made = judge(MONITOR, STANDARD, LOCATIONS, Standing(), [look], BEGIN_MS)
    told = msgspec.json.encode(made)
    assert len(told) < 5_000
    assert b"u0000" not in told
