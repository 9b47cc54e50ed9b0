"""A group of routes for a type of monitor that no vendor has, and the exact names of the vendor's two."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.api.compat.uptimeify.monitor_groups import GROUPS, IMAP_POP, SMTP, vendors_numbers
from controller.errors import InvalidError
from controller.http.bodies import decode
from controller.kinds import MonitorType, types
from controller.kinds.smtp import TYPE
from tests.unit.controller.pages.checks import a_check


def group_of(label: str, *, name: str = "round-trip", **fields: Any) -> UptimeifyGroup:
    """A group of a type of its own, with the limits of SMTP's kind."""
    group = UptimeifyGroup(monitor_type=MonitorType(name, label, **fields))
    group.__dict__["kinds"] = SMTP.kinds
    return group


def test_every_type_has_a_group_of_its_own_path() -> None:
    assert [group.monitor_type for group in GROUPS] == types()
    assert len({group.path for group in GROUPS}) == len(GROUPS)
    assert SMTP.monitor_type is TYPE


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (SMTP, ("smtpConfig", "smtpMonitorId", "smtp-monitor-checks", "timingSmtp")),
        (IMAP_POP, ("imapPopConfig", "imapPopMonitorId", "imap-pop-monitor-checks", "timingImapPop")),
        (group_of("Round trip"), ("config", "roundTripMonitorId", "round-trip-monitor-checks", "timingRoundTrip")),
    ],
)
def test_names_come_from_the_type(group: UptimeifyGroup, names: tuple[str, ...]) -> None:
    assert group.names == names


@pytest.mark.parametrize(
    ("label", "noun"),
    [
        ("SMTP", "an SMTP monitor"),
        ("IMAP/POP", "an IMAP/POP monitor"),
        ("Round trip", "a Round trip monitor"),
        ("Domain", "a Domain monitor"),
        ("Entry", "an Entry monitor"),
        ("DNS", "a DNS monitor"),
        ("Mail path", "a Mail path monitor"),
    ],
)
def test_the_article_is_the_spoken_one(label: str, noun: str) -> None:
    assert group_of(label).noun == noun


def test_texts_are_those_of_the_mailbox_group_in_the_types_own_words() -> None:
    group = group_of("Round trip")
    assert (group.not_found, group.unknown_customer) == ("Round trip monitor not found", IMAP_POP.unknown_customer)
    assert IMAP_POP.not_found == "IMAP/POP monitor not found"
    assert (SMTP.not_found, SMTP.unknown_customer) == ("Not found", None)
    with pytest.raises(InvalidError, match=r"Round trip monitor public ID \(UUID\) required"):
        group.public_id("5")


def test_the_config_of_a_type_without_a_name_for_it_is_there_once() -> None:
    written, read = group_of("Round trip").answers
    assert "config" in written.__struct_encode_fields__
    assert len({*read.__struct_encode_fields__}) == len(read.__struct_encode_fields__)
    own, _ = IMAP_POP.answers
    assert {"config", "imapPopConfig"} <= {*own.__struct_encode_fields__}


def test_only_a_type_with_a_host_name_requires_one() -> None:
    body = b'{"customerId": 1, "name": "a"}'
    new, _ = group_of("Round trip", needs_hostname=False).bodies
    assert msgspec.structs.asdict(decode(body, new))["hostname"] is msgspec.UNSET
    for group in (SMTP, IMAP_POP, group_of("Domain")):
        with pytest.raises(InvalidError) as refused:
            decode(body, group.bodies[0])
        assert (refused.value.field, refused.value.rule) == ("hostname", "is required")


def test_secrets_of_an_example_are_masked_where_a_monitor_is_read() -> None:
    group = group_of("Round trip", example={"user": "a", "password": "b"})
    assert group.examples.written["config"] == {"user": "a", "password": "b"}
    for shown in (group.examples.read, group.examples.page["items"][0], group.examples.details["monitor"]):
        assert shown["config"] == {"user": "a", "password": "********"}


def test_a_check_has_its_total_under_the_groups_name() -> None:
    item = msgspec.to_builtins(group_of("Round trip").history_item(a_check(duration_ms=12.6)))
    assert item["timingRoundTrip"] == 13
    latest = msgspec.to_builtins(IMAP_POP.latest_check(a_check(duration_ms=12.4)))
    assert latest["timingImapPop"] == 12


def test_the_vendors_fields_for_a_number_are_empty_for_other_kinds() -> None:
    assert vendors_numbers("smtp", 5) == {"smtp_monitor_id": 5, "imap_pop_monitor_id": None}
    assert vendors_numbers("pop3", 5) == {"smtp_monitor_id": None, "imap_pop_monitor_id": 5}
    for kind in ("handoff", None):
        assert vendors_numbers(kind, 5) == {"smtp_monitor_id": None, "imap_pop_monitor_id": None}
