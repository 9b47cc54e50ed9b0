"""What only checks of one kind find out, as the page of a check shows it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from controller.model import CheckRecord
from controller.pages.check.findings import FoundValue, findings
from controller.pages.shell.templates import macro
from shared.wire.targets import KINDS
from tests.fakes import kinds
from tests.unit.controller.pages.checks import a_check


@pytest.fixture(autouse=True)
def other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)


def found(detail: dict[str, Any] | None = None, kind: str = "zone", **facts: Any) -> dict[str, FoundValue]:
    return {one.name: one for one in findings(of(detail, **facts), kind)}


def of(detail: dict[str, Any] | None = None, **facts: Any) -> CheckRecord:
    return msgspec.structs.replace(a_check(facts=facts), detail=detail)


def drawn(detail: dict[str, Any]) -> str:
    return str(macro("check/parts.html", "found")(findings(of({"kind": "zone", **detail}), "zone")))


def test_names_are_those_of_the_kind_or_of_the_fields() -> None:
    shown = found({"kind": "zone", "pickedUp": True, "waitedMs": None, "DNSName": ""}, serial=7, signed_by="mx")
    assert {name: one.text for name, one in shown.items()} == {
        "Serial number": "7",
        "Signed by": "mx",
        "Picked up": "yes",
        "Waited ms": "–",
        "DNS name": "–",
    }


def test_what_is_known_of_every_server_is_not_repeated() -> None:
    assert found(tlsVersion="TLSv1.3", certificateSubject="CN=a", greeting="hi", capabilities=["A"]) == {}


def test_a_fact_that_is_in_the_detail_too_is_shown_once() -> None:
    assert [one.text for one in findings(of({"kind": "zone", "line": "abc"}, line="abc"), "zone")] == ["abc"]
    assert [one.text for one in findings(of({"kind": "zone", "line": "abc"}, line="b"), "zone")] == ["b", "abc"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_one_server_without_a_detail_says_all_in_its_dialogue(kind: str) -> None:
    assert found(kind=kind, messages=3, replyCode=550) == {}


def test_short_lists_are_a_line_and_long_ones_are_folded() -> None:
    shown = found({"kind": "zone", "few": [1, 2], "none": [], "many": [*range(20)], "words": ["a" * 100, "b" * 100]})
    assert (shown["Few"].text, shown["None"].text) == ("1, 2", "none")
    assert (shown["Many"].folded, shown["Words"].folded) == ("20 values", "2 values")
    assert [part.text for part in shown["Many"].parts] == [str(one) for one in range(20)]


def test_nested_values_keep_their_names() -> None:
    shown = found({"kind": "zone", "servers": [{"ttl": 60, "name": "a"}, {"ttl": 5, "name": "b"}]})["Servers"]
    assert [[(one.name, one.text) for one in part.parts] for part in shown.parts] == [
        [("Time to live", "60"), ("Name", "a")],
        [("Time to live", "5"), ("Name", "b")],
    ]
    assert (shown.listed, shown.folded) == (True, "")


def test_a_long_text_is_folded() -> None:
    [shown] = found({"kind": "zone", "record": "x" * 500}).values()
    assert (shown.text, shown.folded) == ("x" * 500, "x" * 160 + "…")
    assert "<details><summary>" in drawn({"record": "x" * 500})


def test_what_is_nested_very_deep_is_shown_as_json() -> None:
    deep: Any = "end"
    for _ in range(300):
        deep = {"in": deep}
    assert "{&#34;in&#34;:{&#34;in&#34;:" in drawn({"deep": deep})


def test_markup_in_names_and_values_is_escaped() -> None:
    text = drawn({"<b>key": "<script>", "list": ["<i>"], "in": {"<u>": ["<s>"] * 9}, "record": "<p>" * 100})
    for tag in ("<b>", "<script>", "<i>", "<u>", "<s>", "<p>"):
        assert tag not in text, tag
    assert text.count("&lt;s&gt;") == 9


def test_a_text_cannot_turn_the_line_around() -> None:
    assert "\u202e" not in drawn({"name": "a\u202eb"})
