"""When a login that NATS refuses counts as ended."""

from __future__ import annotations

import pytest
from nats.errors import Error as NatsError
from nats.errors import NoServersError

from shared.nats.errors import is_refusal
from shared.nats.refusals import ENOUGH_ATTEMPTS, ENOUGH_SECONDS, Refusals


class Moments:
    def __init__(self) -> None:
        self.seconds = 1000.0
        self.refusals = Refusals(clock=lambda: self.seconds)

    def refuse(self, *servers: str, seconds: float, times: int = ENOUGH_ATTEMPTS) -> bool:
        """Refuse the login at each server so often, evenly over these seconds; whether it counts as ended."""
        for _ in range(times):
            for server in servers:
                self.refusals.refused(server)
            self.seconds += seconds / times
        self.refusals.refused(servers[0])
        return self.refusals.for_good.is_set()


def test_a_login_refused_for_a_minute_has_ended() -> None:
    assert Moments().refuse("a", seconds=ENOUGH_SECONDS)
    assert Moments().refuse("a", "b", seconds=ENOUGH_SECONDS)


def test_a_server_that_refuses_while_it_starts_ends_nothing() -> None:
    assert not Moments().refuse("a", seconds=ENOUGH_SECONDS - 1, times=100)


def test_a_few_refusals_far_apart_end_nothing() -> None:
    assert not Moments().refuse("a", seconds=10 * ENOUGH_SECONDS, times=ENOUGH_ATTEMPTS - 2)


def test_one_server_that_lets_us_in_begins_the_minute_anew() -> None:
    moments = Moments()
    assert not moments.refuse("a", seconds=ENOUGH_SECONDS - 1)
    moments.refusals.admitted()
    assert not moments.refuse("a", seconds=ENOUGH_SECONDS - 1)
    assert moments.refuse("a", seconds=1)
    moments.refusals.admitted()
    assert not moments.refusals.for_good.is_set()


def test_a_server_that_went_away_may_know_more_when_it_is_back() -> None:
    moments = Moments()
    assert not moments.refuse("a", seconds=ENOUGH_SECONDS - 1)
    moments.refusals.unreachable("a")
    assert not moments.refuse("a", seconds=ENOUGH_SECONDS - 1)


def test_a_server_that_is_away_does_not_keep_the_others_from_deciding() -> None:
    moments = Moments()
    for _ in range(ENOUGH_ATTEMPTS):
        moments.refusals.refused("a")
        moments.refusals.unreachable("b")
        moments.seconds += ENOUGH_SECONDS / ENOUGH_ATTEMPTS
    assert moments.refuse("a", seconds=0, times=1)


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        pytest.param(NatsError("nats: 'Authorization Violation'"), True, id="unknown keys"),
        pytest.param(NatsError("nats: 'User Authentication Revoked'"), True, id="revoked"),
        pytest.param(NatsError("nats: 'User Authentication Expired'"), True, id="expired"),
        pytest.param(NatsError("nats: 'Account Authentication Expired'"), True, id="expired account"),
        pytest.param(NatsError("nats: 'Authentication Timeout'"), False, id="a slow server"),
        pytest.param(NatsError("nats: 'maximum connections exceeded'"), False, id="a full server"),
        pytest.param(NatsError("nats: 'Permissions Violation for Publish to \"x\"'"), False, id="a subject"),
        pytest.param(NoServersError(), False, id="no server"),
        pytest.param(OSError("Authorization Violation"), False, id="not from the server"),
    ],
)
def test_which_errors_refuse_a_login(error: Exception, refusal: bool) -> None:
    assert is_refusal(error) is refusal
