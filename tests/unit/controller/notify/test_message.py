"""The text of notifications."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.location_evidence import location_findings
from controller.notify.message import Tone, render
from controller.notify.notice import (
    IncidentNotice,
    LocationFinding,
    Notice,
    NoticeMaintenance,
    PlainNotice,
)
from controller.notify.sending import without_secrets
from controller.notify.webhook.body import body_of
from controller.notify.words import duration_text, local_time_text
from shared.wire import events
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.rounds import Purpose
from tests.fakes import kinds
from tests.fakes.notices import BEGAN, a_notice, a_sending

NO_LINKS = PublicUrl()
LINKS = PublicUrl("https://mail.example.com/probe")


@pytest.mark.parametrize(
    ("change", "severity", "subject", "tone"),
    [
        ("opened", "down", "Down: Office mail", Tone.TROUBLE),
        ("opened", "partial", "Partly down: Office mail", Tone.TROUBLE),
        ("escalated", "down", "Down: Office mail, after a partial outage", Tone.TROUBLE),
        ("eased", "partial", "Only partly down now: Office mail", Tone.TROUBLE),
        ("flapping", "down", "Unstable: Office mail", Tone.TROUBLE),
        ("resolved", "down", "Up again: Office mail", Tone.BETTER),
        ("resolved", "partial", "Up everywhere again: Office mail", Tone.BETTER),
        ("invented_later", "down", "Changed: Office mail", Tone.TROUBLE),
    ],
)
def test_each_change_has_its_subject(change: str, severity: str, subject: str, tone: Tone) -> None:
    message = render(a_notice(change, severity=severity), NO_LINKS)
    assert (message.headline, message.tone) == (subject, tone)
    cause = "after 1 h 5 min" if change == "resolved" else a_notice().reason
    assert message.subject == f"{subject} \N{EN DASH} {cause}"


def test_an_outage_is_described_with_reason_times_and_evidence() -> None:
    assert render(a_notice(), NO_LINKS).text == (
        "Down: Office mail\n"
        "2 of 3 countries cannot connect: refused; US passes\n\n"
        "The outage is confirmed from the locations below.\n\n"
        "Monitor:   Office mail\n"
        "Server:    smtp mx.example.com:25\n"
        "Customer:  Bäckerei\n"
        "Reason:    2 of 3 countries cannot connect: refused; US passes\n"
        "Began:     2026-03-01 12:00:00 CET (UTC+01:00)\n"
        "Confirmed: 2026-03-01 12:00:30 CET (UTC+01:00)\n"
        "Incident:  00000000-0000-0000-0000-000000000007\n\n"
        "What each location saw:\n"
        "  DE (de-1): refused (connect): Connection refused\n"
        "  US (us-1): passes\n"
    )


@pytest.mark.parametrize(
    ("until", "confirmed", "expected"),
    [
        (timedelta(hours=2), True, "since 12:00, in maintenance until 14:00"),
        (timedelta(hours=13), True, "since 2026-03-01 12:00, in maintenance until 2026-03-02 01:00"),
        (timedelta(hours=2), False, "since 12:00, in maintenance until 14:00; no check could confirm it since"),
    ],
)
def test_what_a_maintenance_kept_quiet_says_so_in_every_form(
    until: timedelta, expected: str, *, confirmed: bool
) -> None:
    maintenance = NoticeMaintenance(since=BEGAN, until=BEGAN + until, confirmed=confirmed)
    notice = a_notice(maintenance=maintenance)
    message = render(notice, NO_LINKS)
    assert f"\n\nS{expected[1:]}.\n\n" in message.text
    assert f">S{expected[1:]}.</p>" in message.html
    assert notice.sms_text == f"{notice.reason}; {expected}"


@pytest.mark.parametrize("severity", ["down", "partial"])
def test_an_incident_that_somebody_closed_is_not_called_a_recovery(severity: str) -> None:
    """No location saw the end of the outage, so the server may still be down."""
    message = render(a_notice("resolved", severity=severity, reason="the monitor was deleted", evidence=[]), NO_LINKS)
    assert message.subject == "Closed: Office mail \N{EN DASH} the monitor was deleted"
    assert "No check saw the end" in message.text
    assert "Reason:    the monitor was deleted" in message.text
    assert message.tone is Tone.BETTER  # on-call services close the alerts that they opened


def test_a_recovery_says_how_long_it_lasted() -> None:
    text = render(a_notice("resolved"), NO_LINKS).text
    assert "Ended:     2026-03-01 13:05:00 CET (UTC+01:00)\nLasted:    1 h 5 min\n" in text


def test_a_message_leads_to_the_page_of_its_incident() -> None:
    link = "https://mail.example.com/probe/incidents/00000000-0000-0000-0000-000000000007"
    without, message = render(a_notice(), NO_LINKS), render(a_notice(), LINKS)
    assert (without.link, message.link) == (None, link)
    assert message.text.replace(f"\n\nOpen the incident: {link}", "") == without.text
    assert f'<a href="{link}"' in message.html
    assert "<a " not in without.html


def test_a_notice_to_ops_leads_to_the_location() -> None:
    notice = PlainNotice(title="Location de silent", paragraphs=[], at=BEGAN, path="/locations#de")
    assert render(notice, LINKS).link == "https://mail.example.com/probe/locations#de"
    assert render(notice, NO_LINKS).link is None
    stored = msgspec.to_builtins(notice)
    del stored["path"]
    assert msgspec.convert(stored, Notice).path is None  # stored by an earlier version


def test_a_webhook_has_the_link_where_there_is_one() -> None:
    sending = a_sending()
    linked = msgspec.structs.replace(sending, message=render(sending.notice, LINKS))
    without, document = (msgspec.json.decode(body_of(each)) for each in (sending, linked))
    assert document == {**without, "url": linked.message.link}
    assert "url" not in without
    template = {"bodyTemplate": '{"open": "{{url}}"}'}
    assert body_of(msgspec.structs.replace(linked, config=template)) == f'{{"open": "{document["url"]}"}}'.encode()
    assert body_of(msgspec.structs.replace(sending, config=template)) == b'{"open": ""}'


def test_nothing_in_a_notice_can_write_html() -> None:
    monitor = msgspec.structs.replace(a_notice().monitor, name="<script>alert(1)</script>")
    html = render(a_notice(monitor=monitor, reason="a & b < c"), NO_LINKS).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &amp; b &lt; c" in html


def test_a_name_with_dollars_and_braces_stays_as_it_is() -> None:
    monitor = msgspec.structs.replace(a_notice().monitor, name="$subject {name} %s")
    message = render(a_notice(monitor=monitor), NO_LINKS)
    assert message.headline == "Down: $subject {name} %s"
    assert ">$subject {name} %s</h1>" in message.html


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        pytest.param("UTC", "2026-07-01 10:00:00 UTC (UTC+00:00)", id="UTC"),
        pytest.param("Europe/Berlin", "2026-07-01 12:00:00 CEST (UTC+02:00)", id="in summer time"),
        pytest.param("Asia/Kolkata", "2026-07-01 15:30:00 IST (UTC+05:30)", id="half an hour"),
        pytest.param("America/St_Johns", "2026-07-01 07:30:00 NDT (UTC-02:30)", id="behind, by half an hour"),
        pytest.param("Mars/Olympus", "2026-07-01 10:00:00 UTC (UTC+00:00)", id="an unknown zone"),
        pytest.param("../../etc/passwd", "2026-07-01 10:00:00 UTC (UTC+00:00)", id="no zone at all"),
    ],
)
def test_times_are_in_the_organizations_zone(zone: str, words: str) -> None:
    assert local_time_text(datetime(2026, 7, 1, 10, tzinfo=UTC), zone) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3725, "1 h 2 min"),
        (90_000, "1 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_durations_are_written_in_words(seconds: float, words: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == words


def test_a_notice_survives_storage() -> None:
    for notice in (a_notice(), a_notice("resolved"), PlainNotice(title="T", paragraphs=["P"], at=BEGAN)):
        stored = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(notice)))
        assert msgspec.convert(stored, Notice) == notice


def test_a_notice_of_a_newer_version_is_understood_as_far_as_known() -> None:
    stored: dict[str, Any] = msgspec.to_builtins(a_notice())
    assert isinstance(msgspec.convert(stored | {"unheardOf": 1}, Notice), IncidentNotice)


def test_a_message_leads_to_the_help_for_the_most_frequent_failures() -> None:
    kinds = ["timeout", "refused", "refused", "closed", "reset", "", "timeout", "refused"]
    evidence = [LocationFinding(location="de", country="DE", finding="fails", failure=kind) for kind in kinds]
    message = render(a_notice(evidence=evidence), LINKS)
    assert message.text.count("/help/") == 3
    assert (
        "What to do:\n  Refused: Check that the service runs, its port, and the firewall.\n"
        "  https://mail.example.com/probe/help/refused\n  Timeout: In phase connect: "
    ) in message.text
    assert 'href="https://mail.example.com/probe/help/refused"' in message.html
    without = render(a_notice(evidence=evidence), NO_LINKS).text
    assert "/help/" not in without
    assert "Refused: Check that the service runs" in without


def test_a_failure_of_a_newer_version_leads_to_the_help_too() -> None:
    evidence = [LocationFinding(location="de", country="DE", finding="fails", failure="flat_tyre")]
    assert "/help/unknown" in render(a_notice(evidence=evidence), LINKS).text


def test_evidence_says_what_each_location_saw() -> None:
    refused = Failure(
        kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="Connection\r\nrefused"
    )
    votes = [
        events.LocationEvidence(location="de", country="DE", ballot="failed", check_id=UUID(int=1), failure=refused),
        events.LocationEvidence(location="fr", country="FR", ballot="warned", warning="the certificate ends soon"),
        events.LocationEvidence(location="us", country="US", ballot="passed"),
        events.LocationEvidence(location="jp", country="JP", ballot="blind"),
    ]
    evidence = location_findings(events.Evidence(due_at=BEGAN, purpose=Purpose.RECHECK, votes=votes), "smtp")
    assert [(one.country, one.finding) for one in evidence] == [
        ("DE", "refused (connect): Connection refused"),
        ("FR", "passes with a warning: the certificate ends soon"),
        ("US", "passes"),
        ("JP", "could not check"),
    ]
    assert location_findings(None, "smtp") == []


@pytest.mark.parametrize(
    ("config", "found"),
    [
        pytest.param({"to": "a@example.com"}, ("a@example.com",), id="one"),
        pytest.param(
            {"email": "a@b.c", "to": ["d@e.f", "a@b.c"]}, ("a@b.c", "d@e.f"), id="both keys are read, each address once"
        ),
        pytest.param({"to": "a@b.c, d@e.f;g@h.i"}, ("a@b.c", "d@e.f", "g@h.i"), id="several in one text"),
        pytest.param({"to": "nobody"}, (), id="no address"),
        pytest.param({"to": "a@b.c\r\nBcc: d@e.f"}, (), id="a header is not an address"),
        pytest.param({"to": "a\x07@b.c, a@b\x1b.c"}, (), id="no control characters"),
        pytest.param({"to": 5, "email": None}, (), id="no text"),
        pytest.param({}, (), id="nothing"),
    ],
)
def test_the_addresses_of_a_channel_are_found(config: dict[str, Any], found: tuple[str, ...]) -> None:
    assert email_addresses(config) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("+49 30 123-456", ("+4930123456",)), ("030123456", ()), ("+49/30", ()), ("+1 555 123 4567, +4930123456",
     ("+15551234567", "+4930123456"))],
)  # fmt: skip
def test_the_numbers_of_a_channel_are_found(text: str, found: tuple[str, ...]) -> None:
    assert phone_numbers({"phoneNumber": text}) == found


def test_what_a_config_keeps_secret_is_taken_out_of_any_text() -> None:
    config = {"secret": "abcd-1234", "url": "https://x.example/T/1", "headers": {"X-Any": "hush-hush"}, "name": "plain"}
    warning = without_secrets("abcd-1234 at https://x.example/T/1 with hush-hush, plain", config)
    assert warning == "******** at ******** with ********, plain"


def test_a_kind_speaks_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)
    plain = a_notice()
    domain = msgspec.structs.replace(plain.monitor, kind="zone", hostname="example.com", port=None)
    text = render(msgspec.structs.replace(plain, monitor=domain), NO_LINKS).text
    assert "below.\n\nNobody finds its servers.\n\n" in text
    assert "\nDomain:    Domain example.com\n" in text
    assert "Its servers are found." in render(a_notice("resolved", monitor=domain), NO_LINKS).text
    flapping = render(a_notice("flapping", monitor=domain), NO_LINKS).text
    assert "The domain fails and recovers again and again." in flapping
    assert "Nobody finds its servers." not in flapping


def test_every_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)
    servers = ["mx.example.com:587", "imap.example.com:993"]
    pair = msgspec.structs.replace(a_notice().monitor, kind="pair", servers=servers)
    notice = a_notice(monitor=pair)
    assert "\nServer:    Round trip mx.example.com:587 and imap.example.com:993\n" in render(notice, NO_LINKS).text
    document = msgspec.json.decode(body_of(a_sending(notice=notice)))
    assert document["monitor"]["servers"] == servers
    assert document["website"]["url"] == "pair://mx.example.com:587"
    assert "servers" not in msgspec.json.decode(body_of(a_sending(notice=a_notice())))["monitor"]
