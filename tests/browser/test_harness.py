"""The tests of pages can fail: what they watch for is found."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser import axe
from tests.browser.browser import ENTER, SHIFT, TAB, Browser
from tests.browser.emulation import PHONE
from tests.browser.watching import Watch
from tests.conftest import requires

_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src * data:"
_PAGE = """<!doctype html><html lang=en><head><title>A page</title>
<meta name=viewport content="width=device-width"><link rel=icon href="data:,"></head><body><main>
<h1>A heading</h1><label for=name>Name</label><input id=name><button>Press</button><p>a text</p>
%s</main></body></html>"""
_BAD = {
    "an inline handler": '<button onclick="alert(1)">x</button>',
    "an inline style": '<p style="color: red">x</p>',
    "an inline script": "<script>document.title = 1</script>",
    "a missing file": '<img src="/missing.png" alt="">',
    "an error": '<script src="/error.js"></script>',
    "a picture from elsewhere": '<img src="http://localhost:9/x.png" alt="">',
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body, kind = _PAGE % _BAD.get(self.path[1:].replace("_", " "), ""), "text/html; charset=utf-8"
        if self.path == "/error.js":
            body, kind = "throw new Error('on purpose')", "text/javascript"
        self.send_response(404 if self.path == "/missing.png" else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", _POLICY)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_request(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("what", _BAD)
def test_what_a_page_may_not_do_is_found(browser: Browser, site: str, what: str) -> None:
    watching = Watch(browser, site)
    browser.open(f"http://{site}/{what.replace(' ', '_')}")
    assert watching.found()
    watching.end()


def test_a_good_page_is_good(browser: Browser, site: str, watch: Watch) -> None:
    watch.hosts.add(site)
    browser.open(f"http://{site}/")
    assert watch.requests() == [f"http://{site}/"]


def test_keys_reach_the_page(browser: Browser, site: str) -> None:
    browser.open(f"http://{site}/")
    browser.press(TAB)
    browser.writes("Ünïcode!")
    assert browser.value("return document.activeElement.value") == "Ünïcode!"
    browser.press(TAB)
    assert browser.focused.text == "Press"
    browser.press(SHIFT + TAB, ENTER)
    assert browser.focused.attribute("id") == "name"


def test_the_emulated_is_what_a_page_finds(browser: Browser, site: str) -> None:
    browser.emulation.width(PHONE)
    browser.emulation.media(dark=True, still=True)
    browser.open(f"http://{site}/")
    asked = ["(prefers-color-scheme: dark)", "(prefers-reduced-motion)", "(forced-colors: active)", "print"]
    matching = "return arguments[0].map((one) => matchMedia(one).matches)"
    assert browser.value(matching, asked) == [True, True, False, False]
    browser.emulation.media(kind="print", forced=True)
    assert browser.value(matching, asked) == [False, False, True, True]
    assert browser.value("return document.documentElement.clientWidth") == PHONE


def test_scripts_are_off_but_ours_run(browser: Browser, site: str, watch: Watch) -> None:
    watch.hosts.add(site)
    browser.emulation.scripts(on=False)
    browser.open(f"http://{site}/an_error")
    assert "a text" in browser.text


def test_axe_finds_a_button_without_a_name(browser: Browser, site: str) -> None:
    requires(axe.source(), "axe (make tools)")
    browser.open(f"http://{site}/")
    assert axe.barriers(browser) == []
    browser.value("document.querySelector('button').textContent = ''")
    assert [each.partition(":")[0] for each in axe.barriers(browser)] == ["critical"]
