"""Addresses that lead away, and names of browsers."""

from __future__ import annotations

import pytest

from controller.pages.account.browsers import browser_name
from controller.pages.shell.page import own_path


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 Firefox/140.0", "Firefox"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "unknown browser"),
        (None, "unknown browser"),
    ],
)
def test_a_browser_has_a_name_for_people(user_agent: str | None, name: str) -> None:
    assert browser_name(user_agent) == name


@pytest.mark.parametrize("path", ["/", "/monitors/x?range=24h#bars", "/?q=ü&state=down,partial"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "text",
    [None, "", "monitors", "//evil.example", "/\\evil.example", "\\\\evil", "https://evil.example", "/a\r\nb", "/\t/x"],
)
def test_everything_else_leads_to_the_overview(text: str | None) -> None:
    assert own_path(text) == "/"
