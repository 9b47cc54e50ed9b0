"""A webhook's own retries, in place of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from controller.decisions.notification.retries import OwnRetries, check_retries, own_retries, pause_after
from controller.errors import InvalidError


@pytest.mark.parametrize(
    ("type_", "config", "own"),
    [
        pytest.param("webhook", {}, None, id="nothing said: ours"),
        pytest.param("webhook", {"retryAttempts": 2, "retryDelay": 5}, OwnRetries(2, timedelta(seconds=5)), id="both"),
        pytest.param("webhook", {"retryAttempts": 0}, OwnRetries(0, timedelta(seconds=60)), id="only how often"),
        pytest.param("webhook", {"retryDelay": 7}, OwnRetries(3, timedelta(seconds=7)), id="only the pause"),
        pytest.param("webhook", {"retryAttempts": "5", "retryDelay": True}, None, id="stored before it was checked"),
        pytest.param("slack", {"retryAttempts": 2}, None, id="no webhook"),
    ],
)
def test_what_a_channel_wants(type_: str, config: dict[str, Any], own: OwnRetries | None) -> None:
    assert own_retries(type_, config) == own


def test_the_last_attempt_has_no_pause_after_it() -> None:
    own = OwnRetries(2, timedelta(seconds=5))
    assert [pause_after(attempts, own) for attempts in (1, 2, 3)] == [own.pause, own.pause, None]
    assert pause_after(1, OwnRetries(0, own.pause)) is None
    assert pause_after(1) == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"retryAttempts": 11}, "config.retryAttempts"),
        ({"retryAttempts": -1}, "config.retryAttempts"),
        ({"retryAttempts": "3"}, "config.retryAttempts"),
        ({"retryDelay": 0}, "config.retryDelay"),
        ({"retryDelay": 1.5}, "config.retryDelay"),
    ],
    ids=str,
)
def test_what_is_refused(config: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_retries(config)
    assert refused.value.field == field
    check_retries({"retryAttempts": 10, "retryDelay": 3600})
