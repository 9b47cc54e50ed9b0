"""What mails say and show: causes, votes, phases, next steps, groups; and HTML that every mail program reads."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.apprise.services import thread_of
from controller.notify.causes import CAUSES, cause_text
from controller.notify.channels import sms_text
from controller.notify.message import Tone, render
from controller.notify.notice import GroupNotice, LocationFinding, Notice
from controller.notify.webhook.body import body_of
from shared.wire.failures import FailureKind
from tests.fakes.notices import BEGAN, FAILING, a_finding, a_group_notice, a_notice, a_sending, members

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
LINKS = PublicUrl("https://probe.example.com")
ACK = "https://probe.example.com/ack/0123456789abcdefghijkl"
HERE = a_finding("fr-par")
BLIND = LocationFinding(location="br", country="BR", finding="could not check", failure="agent_error", ballot="blind")
CAUSE = "mx.example.com (192.0.2.1)"
SHARED = [*FAILING[:2], HERE, BLIND]


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        pytest.param(FAILING[:2], "connection refused from 2 of 2 locations", id="one failure everywhere"),
        pytest.param(FAILING, "connection refused or timeout from 3 of 3 locations", id="two failures"),
        pytest.param(
            [*FAILING, a_finding("nl", "reset", "reset")],
            "connection refused and others from 4 of 4 locations",
            id="many failures",
        ),
        pytest.param(SHARED, "connection refused from 2 of 3 locations", id="a blind location does not vote"),
        pytest.param(FAILING[:1], "connection refused from de-nbg", id="the only location is named"),
        pytest.param([*FAILING[:1], BLIND], "connection refused from de-nbg", id="the only one that votes is named"),
        pytest.param([HERE, BLIND], "", id="nothing fails"),
        pytest.param([], "", id="no evidence"),
    ],
)
def test_the_cause_is_what_the_voting_locations_met(evidence: list[LocationFinding], cause: str) -> None:
    assert cause_text(evidence) == cause


def test_every_failure_has_a_cause_that_fits_in_a_subject() -> None:
    assert set(CAUSES) == set(FailureKind)
    assert max(map(len, CAUSES.values())) <= 30


def test_the_subject_has_state_name_and_cause() -> None:
    subject = render(a_notice(evidence=FAILING[:2]), LINKS).subject
    assert subject == f"Down: Office mail {DASH} connection refused from 2 of 2 locations"
    assert (
        render(a_notice("resolved", evidence=[HERE]), LINKS).subject == f"Up again: Office mail {DASH} after 1 h 5 min"
    )


def test_a_whole_mail_in_plain_text() -> None:
    notice = a_notice(
        evidence=SHARED, reason="2 of 3 countries cannot connect: refused; FR passes; BR could not check it"
    )
    assert render(notice, LINKS, ["this address is checked here"], ack_link=ACK).text == (
        "Down: Office mail\n"
        "connection refused from 2 of 3 locations\n\n"
        "The outage is confirmed from the locations below.\n\n"
        "Take it: https://probe.example.com/ack/0123456789abcdefghijkl\n\n"
        "Open the incident: https://probe.example.com/incidents/00000000-0000-0000-0000-000000000007\n\n"
        "Monitor:   Office mail\n"
        "Server:    smtp mx.example.com:25\n"
        "Customer:  Bäckerei\n"
        "Reason:    2 of 3 countries cannot connect: refused; FR passes; BR could not\n"
        "           check it\n"
        "Began:     2026-03-01 12:00:00 CET (UTC+01:00)\n"
        "Confirmed: 2026-03-01 12:00:30 CET (UTC+01:00)\n"
        "Incident:  00000000-0000-0000-0000-000000000007\n\n"
        "What each location saw:\n"
        "  DE (de-nbg): refused (connect): Connection refused (25 ms)\n"
        "  US (us-ash): refused (connect): Connection refused (126 ms)\n"
        "  FR (fr-par): passes (146 ms)\n"
        "  BR (br): could not check\n\n"
        "How long each phase took, in ms:\n"
        "               de-nbg      us-ash  fr-par\n"
        "  resolve           3          16       3\n"
        "  connect   failed 22  failed 110      21\n"
        "  greeting          -           -      34\n"
        "  ehlo              -           -      19\n"
        "  starttls          -           -      20\n"
        "  tls               -           -      49\n\n"
        "What to do:\n"
        "  Refused: Check that the service runs, its port, and the firewall.\n"
        "  https://probe.example.com/help/refused\n\n"
        "Note: this address is checked here.\n"
    )


def test_only_a_few_locations_are_compared_and_one_of_them_passes() -> None:
    evidence = [*FAILING, a_finding("nl-ams", "refused", "refused"), HERE, a_finding("se-sto")]
    text = render(a_notice(evidence=evidence), LINKS).text
    assert re.search(r"\n +de-nbg +us-ash +jp-tyo +fr-par\n", text)
    assert "\n  and 2 more locations\n" in text
    assert text.count("nl-ams") == 1


def test_a_phase_that_occurs_twice_has_two_rows() -> None:
    phases = [*HERE.phases, msgspec.structs.replace(HERE.phases[3], duration_ms=7_000.0, failed=True)]
    found = msgspec.structs.replace(HERE, phases=phases, ballot="failed", failure="timeout")
    text = render(a_notice(evidence=[found]), LINKS).text
    assert re.search(r"\n  ehlo +19\n", text)
    assert re.search(r"\n  ehlo, again +failed 7,000\n", text)


def test_the_fault_of_an_agent_leads_to_no_help_for_the_server() -> None:
    assert "agent-error" not in render(a_notice(evidence=SHARED), LINKS).text


def test_an_outage_that_is_over_can_no_longer_be_taken() -> None:
    for notice in (a_notice("resolved"), a_group_notice(3, members(3, "resolved"), over=True, still_open=0)):
        message = render(notice, LINKS, ack_link=ACK)
        assert message.ack_link is None
        assert "/ack/" not in message.text + message.html


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
            a_group_notice(35, members(2, "resolved"), ended=35, still_open=4),
            f"Up again: 35 of 39 {DASH} {CAUSE}",
            Tone.TROUBLE,
            id="some are over: an on-call service keeps its alert",
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
        "mx.example.com (192.0.2.1)\n\n"
        "These incidents have the same cause as one that you know of. Look first at\n"
        "what they share: mx.example.com (192.0.2.1).\n\n"
        "Take it: https://probe.example.com/ack/0123456789abcdefghijkl\n\n"
        "Open the group: https://probe.example.com/incident-groups/00000000-0000-0000-0000-000000000009\n\n"
        "Cause:    mx.example.com (192.0.2.1)\n"
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


def test_a_text_message_about_a_group_names_cause_and_monitors() -> None:
    notice = a_group_notice(38, members(5))
    assert notice.sms_text == f"{CAUSE}: Mail of Paris 1, Mail of Lyon 2, Mail of Nice 3 and 35 more"
    storm = a_group_notice(214, kind="storm", causes=[("one", 200), ("two", 10), ("three", 3), ("four", 1)])
    assert storm.sms_text == "one (200), two (10), three (3)"
    sending = msgspec.structs.replace(a_sending(notice=notice), message=render(notice, LINKS))
    assert sms_text(sending) == notice.sms_text  # the link does not fit


def test_a_group_is_one_alert_of_an_on_call_service_and_survives_storage() -> None:
    notice = a_group_notice()
    assert thread_of(notice) == str(notice.group_public_id)
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


def test_a_notice_of_an_earlier_version_has_neither_votes_nor_phases() -> None:
    stored: dict[str, Any] = msgspec.to_builtins(a_notice(evidence=FAILING))
    for finding in stored["evidence"]:
        del finding["ballot"], finding["totalMs"], finding["phases"]
    message = render(msgspec.convert(stored, Notice), LINKS)
    assert message.subject == f"Down: Office mail {DASH} connection refused or timeout from 3 of 3 locations"
    assert "  DE (de-nbg): refused (connect): Connection refused\n" in message.text
    assert "How long" not in message.text + message.html


class Elements(HTMLParser):
    """The elements of a mail, and whether each is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


EVERY_NOTICE = [
    pytest.param(a_notice(evidence=[*FAILING, HERE, BLIND]), id="an outage"),
    pytest.param(a_notice("resolved", evidence=[HERE]), id="its end"),
    pytest.param(a_group_notice(38, members(3), causes=[("a", 20), ("b", 18)]), id="a group"),
    pytest.param(a_group_notice(3, members(3, "resolved"), over=True), id="the end of a group"),
]


@pytest.mark.parametrize("notice", EVERY_NOTICE)
def test_the_html_is_for_mail_programs(notice: Notice) -> None:
    """No program loads anything, none needs the style element, and every text has its colour in the dark."""
    message = render(notice, LINKS, ["a remark"], ack_link=ACK)
    elements = Elements(message.html)
    assert elements.open == []
    names = {name for name, _ in elements.found}
    assert not names & {"script", "link", "img", "iframe", "form", "input", "button", "object", "svg"}
    assert "url(" not in message.html
    assert "@import" not in message.html
    dark = message.html.split("prefers-color-scheme: dark")[1].split("</style>")[0]
    for name, attributes in elements.found:
        if name in ("h1", "h2", "p", "td", "th", "a") and "role" not in attributes and attributes.get("class"):
            assert attributes.get("style"), name
            classes = str(attributes["class"]).split()
            assert all(f".{one}" in dark or one == "card" for one in classes), attributes["class"]
    assert len(message.html) < 100_000  # Gmail cuts off what is longer


@pytest.mark.parametrize("notice", EVERY_NOTICE)
def test_lines_of_the_plain_text_are_short(notice: Notice) -> None:
    text = render(notice, LINKS, ["a remark " * 30], ack_link=ACK).text
    assert all(len(line) < 78 for line in text.splitlines() if "https://" not in line)
    assert not re.search(r"[ \t]\n", text)


def test_the_largest_group_is_shown_whole_by_gmail() -> None:
    named = [
        msgspec.structs.replace(member, reason="x " * 150, customer="A customer with a rather long name")
        for member in members(50)
    ]
    assert len(render(a_group_notice(10_000, named), LINKS, ack_link=ACK).html.encode()) < 100_000


def test_the_first_words_in_a_list_of_mails_are_the_cause() -> None:
    html = render(a_notice(evidence=FAILING), LINKS).html
    body = html[html.index("<body") :]
    assert re.sub(r"<[^>]*>", " ", body).split("\n")[1].strip() == "connection refused or timeout from 3 of 3 locations"


@pytest.mark.parametrize(("link", "first"), [(ACK, "Take it"), (None, "Open the incident")])
def test_one_button_stands_out(link: str | None, first: str) -> None:
    html = render(a_notice(), LINKS, ack_link=link).html
    (main,) = re.findall(r'<a href="[^"]*" class="main"[^>]*>([^<]*)</a>', html)
    assert main == first


def test_moments_of_another_day_have_their_date() -> None:
    notice = a_group_notice(1, members(1), at=BEGAN + timedelta(days=1))
    assert "down since 2026-03-01 12:00\n" in render(notice, LINKS).text
