"""Text messages: what fits into one, and which link it has."""

from __future__ import annotations

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.channels import sms_text
from controller.notify.message import render
from controller.notify.notice import NoticeOnCall
from tests.fakes.notices import a_notice, a_sending


@pytest.mark.parametrize(("reason", "linked"), [("cannot connect", True), ("x" * 80, False)])
def test_a_text_message_has_the_link_if_it_stays_one(reason: str, linked: bool) -> None:
    notice = a_notice(reason=reason)
    sending = a_sending(notice=notice)
    sending = msgspec.structs.replace(sending, message=render(sending.notice, PublicUrl("https://m.example.com")))
    link = f"https://m.example.com/incidents/{notice.incident_public_id}"
    assert sms_text(sending) == (f"{reason}\n{link}" if linked else reason)


ACK = "https://m.example.com/ack/" + "a" * 22


@pytest.mark.parametrize(
    ("reason", "name", "expected"),
    [
        pytest.param("cannot connect", "Office mail", f"cannot connect\n{ACK}", id="it fits"),
        pytest.param("x" * 200, "Office mail", f"{'x' * 90}...\n{ACK}", id="the reason is cut"),
        pytest.param("x" * 200, "m" * 95, ACK, id="too little is left of the reason"),
        pytest.param("x" * 200, "m" * 190, "x" * 200, id="not even the link fits"),
    ],
)
def test_a_text_message_of_an_open_incident_is_one_with_the_link_that_takes_it(
    reason: str, name: str, expected: str
) -> None:
    notice = a_notice(reason=reason, monitor=msgspec.structs.replace(a_notice().monitor, name=name))
    message = render(notice, PublicUrl("https://m.example.com"), ack_link=ACK)
    text = sms_text(a_sending(notice=notice, message=message))
    assert text == expected
    assert ACK not in text or len(f"{message.headline}\n{text}") <= 160


def test_a_text_message_of_a_reminder_says_how_long_nobody_has_taken_it() -> None:
    notice = a_notice("reminder", reason="cannot connect", on_call=NoticeOnCall(minutes=10, step=2, policy="At night"))
    message = render(notice, PublicUrl("https://m.example.com"), ack_link=ACK)
    assert sms_text(a_sending(notice=notice, message=message)) == (
        f"Nobody has taken it for 10 min: cannot connect\n{ACK}"
    )
