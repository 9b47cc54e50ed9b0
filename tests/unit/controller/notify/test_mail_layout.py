"""Mails in HTML that every mail program shows, and in plain text with short lines."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.message import render
from controller.notify.notice import LocationFinding, Notice
from tests.fakes.notices import FAILING, a_finding, a_group_notice, a_notice, members

LINKS = PublicUrl("https://probe.example.com")
ACK = "https://probe.example.com/ack/0123456789abcdefghijkl"
HERE = a_finding("fr-par")
BLIND = LocationFinding(location="br", country="BR", finding="could not check", failure="agent_error", ballot="blind")


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
