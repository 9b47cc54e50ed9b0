"""Messages about several incidents: of one cause, or a storm of many."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.apprise.services import thread_of
from controller.notify.channels import sms_text
from controller.notify.message import Tone, render
from controller.notify.notice import GroupNotice, Notice
from controller.notify.webhook.body import body_of
from tests.fakes.notices import BEGAN, a_group_notice, a_sending, members

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
LINKS = PublicUrl("https://probe.example.com")
ACK = "https://probe.example.com/ack/0123456789abcdefghijkl"
CAUSE = "mx.example.com (192.0.2.1)"


@pytest.mark.parametrize(
    ("notice", "subject", "tone"),
    [
        pytest.param(a_group_notice(38), f"Down: 38 more {DASH} {CAUSE}", Tone.TROUBLE, id="more of the same cause"),
        pytest.param(
            a_group_notice(1, members(1)), f"Down: Mail of Paris 1, 1 more {DASH} {CAUSE}", Tone.TROUBLE, id="one more"
        ),
        pytest.param(
            a_group_notice(1, members(3)[2:]),
            f"Partly down: Mail of Nice 3, 1 more {DASH} {CAUSE}",
            Tone.TROUBLE,
            id="one more from some locations",
        ),
        pytest.param(
            a_group_notice(2, members(2, "flapping")), f"Unstable: 2 more {DASH} {CAUSE}", Tone.TROUBLE, id="unstable"
        ),
        pytest.param(
            a_group_notice(0, members(2, "resolved"), ended=35, still_open=4),
            f"Up again: 35 of 39 {DASH} {CAUSE}",
            Tone.TROUBLE,
            id="some are over: an on-call service keeps its alert",
        ),
        pytest.param(
            a_group_notice(1, [*members(1, "resolved"), *members(3)[2:]], ended=35, still_open=4),
            f"Partly down: Mail of Nice 3, 1 more, 35 up again {DASH} {CAUSE}",
            Tone.TROUBLE,
            id="one more while others are over",
        ),
        pytest.param(
            a_group_notice(1, members(1, "resolved"), over=True, ended=1, still_open=0),
            f"Up again: Mail of Paris 1 {DASH} {CAUSE}",
            Tone.BETTER,
            id="the last one is over",
        ),
        pytest.param(
            a_group_notice(39, members(2, "resolved"), over=True, ended=39, still_open=0),
            f"Up again: all 39 {DASH} {CAUSE}",
            Tone.BETTER,
            id="all are over",
        ),
        pytest.param(
            a_group_notice(214, kind="storm", causes=[(f"cause {n}", n) for n in range(12)], still_open=214),
            "Storm: 214 monitors down, 12 causes",
            Tone.TROUBLE,
            id="a storm",
        ),
        pytest.param(
            a_group_notice(40, kind="storm", causes=[(f"cause {n}", n) for n in range(20)], still_open=254),
            "Storm: 40 more down, 254 in all, 20 or more causes",
            Tone.TROUBLE,
            id="a storm goes on",
        ),
        pytest.param(
            a_group_notice(1_214, members(1, "resolved"), kind="storm", over=True, still_open=0),
            "Storm over: all 1,214 up again",
            Tone.BETTER,
            id="a storm is over",
        ),
    ],
)
def test_a_group_says_how_many_in_its_subject(notice: GroupNotice, subject: str, tone: Tone) -> None:
    message = render(notice, LINKS)
    assert (message.subject, message.tone) == (subject, tone)
    assert message.link == "https://probe.example.com/incident-groups/00000000-0000-0000-0000-000000000009"


def test_a_whole_mail_about_a_group_in_plain_text() -> None:
    notice = a_group_notice(38, members(2, cause="imap.example.org"), causes=[(CAUSE, 36), ("imap.example.org", 2)])
    assert render(notice, LINKS, ack_link=ACK).text == (
        "Down: 38 more\n"
        "mx.example.com (192.0.2.1) and 1 other\n\n"
        "These incidents seem to have the same cause as one that you know of: their\n"
        "servers share an address or a name, or they began to fail in the same way at\n"
        "the same locations. Look first at what they share.\n\n"
        "Take it: https://probe.example.com/ack/0123456789abcdefghijkl\n\n"
        "Open the group: https://probe.example.com/incident-groups/00000000-0000-0000-0000-000000000009\n\n"
        "Cause:    mx.example.com (192.0.2.1) and 1 other\n"
        "Began:    2026-03-01 12:00:00 CET (UTC+01:00)\n"
        "Open now: 39\n\n"
        "Causes:\n"
        f"  36 {TIMES} mx.example.com (192.0.2.1)\n"
        f"  2 {TIMES} imap.example.org\n\n"
        "Monitors:\n"
        "  Mail of Paris 1: down since 12:00\n"
        "    smtp mx.example.com:25, Hôtel Paris\n"
        "    imap.example.org; 3 of 3 countries cannot connect: refused\n"
        "  Mail of Lyon 2: down since 12:00\n"
        "    imap mx.example.com:993, Hôtel Lyon\n"
        "    imap.example.org; 3 of 3 countries cannot connect: refused\n"
        "  and 36 more\n"
    )


def test_of_one_cause_the_message_names_it() -> None:
    text = render(a_group_notice(38, members(2), causes=[(CAUSE, 38)]), LINKS).text
    assert "Look first at\nwhat they share: mx.example.com (192.0.2.1)." in text


def test_a_text_message_about_a_group_names_cause_and_monitors() -> None:
    notice = a_group_notice(38, members(5))
    assert notice.sms_text == f"{CAUSE}: Mail of Paris 1, Mail of Lyon 2, Mail of Nice 3 and 35 more"
    assert a_group_notice(0, members(2, "resolved"), ended=35).sms_text.endswith("and 33 more")
    storm = a_group_notice(214, kind="storm", causes=[("one", 200), ("two", 10), ("three", 3), ("four", 1)])
    assert storm.sms_text == "one (200), two (10), three (3)"
    sending = msgspec.structs.replace(a_sending(notice=notice), message=render(notice, LINKS))
    assert sms_text(sending) == notice.sms_text  # the link does not fit


def test_a_group_is_one_alert_of_an_on_call_service_and_survives_storage() -> None:
    notice = a_group_notice()
    assert thread_of(notice) == str(notice.group_public_id)
    assert thread_of(a_group_notice(thread=UUID(int=5))) == str(UUID(int=5))  # the alert of the first incident
    stored = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(notice)))
    assert msgspec.convert(stored, Notice) == notice


def test_a_webhook_gets_every_incident_of_a_group() -> None:
    notice = a_group_notice(3, members(3))
    document = msgspec.json.decode(body_of(a_sending(notice=notice)))
    assert (document["event"], document["title"]) == ("group.updated", f"Down: 3 more {DASH} {CAUSE}")
    assert document["group"] == {
        "publicId": str(notice.group_public_id),
        "kind": "cause",
        "cause": CAUSE,
        "status": "open",
        "openedAt": "2026-03-01T11:00:00.000Z",
        "number": 3,
        "stillOpen": 4,
        "ended": 0,
    }
    assert [one["monitor"]["name"] for one in document["incidents"]] == [
        "Mail of Paris 1",
        "Mail of Lyon 2",
        "Mail of Nice 3",
    ]
    assert document["incidents"][1]["outageStartedAt"] == "2026-03-01T11:00:07.000Z"
    assert document["causes"] == [{"cause": CAUSE, "number": 3}]
    over = a_group_notice(3, members(3, "resolved"), over=True, still_open=0, ended=3)
    document = msgspec.json.decode(body_of(a_sending(notice=over)))
    assert (document["event"], document["group"]["status"]) == ("group.resolved", "resolved")
    assert {one["status"] for one in document["incidents"]} == {"resolved"}


def test_a_template_of_a_webhook_is_filled_with_a_group() -> None:
    config = {"bodyTemplate": '{"s": "{{status}}", "m": "{{monitorName}}", "r": "{{reason}}", "n": "{{number}}"}'}
    body = body_of(a_sending(config, notice=a_group_notice(2, members(2))))
    assert msgspec.json.decode(body) == {"s": "down", "m": "Mail of Paris 1, Mail of Lyon 2", "r": CAUSE, "n": "2"}


def test_moments_of_another_day_have_their_date() -> None:
    notice = a_group_notice(1, members(1), at=BEGAN + timedelta(days=1))
    assert "down since 2026-03-01 12:00\n" in render(notice, LINKS).text
