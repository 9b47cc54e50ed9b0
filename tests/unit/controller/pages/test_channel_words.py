"""What pages say about channels: a name for each type, and advice after a test that failed."""

from __future__ import annotations

import pytest

from controller.notify.registry import CHANNELS
from controller.operations.channels.channel_tests import ChannelTestResult
from controller.operations.channels.config_keys import CONFIG_KEYS
from controller.pages.settings.channels.advice import tried_view
from controller.pages.settings.channels.words import KINDS, words_of_field


def test_every_type_has_a_name() -> None:
    assert KINDS.keys() == CHANNELS.keys()


def test_every_field_says_what_it_is_for() -> None:
    silent = [(type_, key.name) for type_, keys in CONFIG_KEYS.items() for key in keys]
    assert not [one for one in silent if not words_of_field(*one).hint]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("no mail relay is configured (MAILPROBE_SMTP_HOST)", "has no mail relay yet"),
        ("the mail relay refused the mail: 550 5.1.1 no such user", "Its answer says why"),
        ("the service answered 404", "Nothing is at this address"),
        ("the service answered 503", "Try again in a moment"),
        ("hooks.example.com has no public address, and private ones are not allowed here", "private addresses"),
        ("the certificate of example.com is not valid: certificate has expired", "Its certificate is not trusted"),
        ("No answer in time", "It answers too slowly"),
        ("something else", "Compare each value"),
    ],
)
def test_a_failed_test_says_what_helps(message: str, words: str) -> None:
    view = tried_view("slack", ChannelTestResult(success=False, message=message))
    assert words in view.advice


def test_a_test_that_succeeded_needs_no_advice() -> None:
    assert tried_view("slack", ChannelTestResult(success=True, message="Sent")).advice == ""
