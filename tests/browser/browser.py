"""A browser with its tabs, as a person uses it: addresses, keys, clicks, what the page shows."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.browser.emulation import Emulation
from tests.browser.session import BrowserError, Element, Session
from tests.system.product import START_SECONDS, eventually

TAB, ENTER, ESCAPE, SHIFT, CONTROL, BACKSPACE = "\ue004", "\ue007", "\ue00c", "\ue008", "\ue009", "\ue003"
SPACE, LEFT, UP, RIGHT, DOWN, HOME, END = "\ue00d", "\ue012", "\ue013", "\ue014", "\ue015", "\ue011", "\ue010"

_TRANSIENT = {
    "stale element reference",
    "element click intercepted",
    "element not interactable",
    "detached shadow root",
}
"""What a click meets while a script replaces a part of the page: the next attempt finds the new part."""

_TEXTS = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText.trim())"
_CLICKABLE = "a, button, summary, label, input[type=submit]"
_NAMED = """
const [selector, name] = arguments;
const words = (each) => (each.getAttribute("aria-label") || each.innerText || each.value || "").trim();
const found = [...document.querySelectorAll(selector)].filter(
  (each) => each.checkVisibility() && !each.closest("[aria-hidden=true]"));
return found.find((each) => words(each) === name) || found.find((each) => words(each).startsWith(name)) || null;
"""


class Browser:
    """One browser. A script that throws an error fails the test that runs it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.emulation = Emulation(session)

    def open(self, url: str) -> None:
        self.session.post("url", url=url)

    def reload(self) -> None:
        self.session.post("refresh")

    def back(self) -> None:
        self.session.post("back")

    @property
    def address(self) -> str:
        return str(self.session.get("url"))

    @property
    def title(self) -> str:
        return str(self.session.get("title"))

    @property
    def text(self) -> str:
        """All text of the page as it is shown now."""
        return str(self.value("return document.body ? document.body.innerText : ''"))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run `script`, the body of a function, and return what it passes to the callback that is its last argument."""
        return self.session.post("execute/async", script=script, args=list(arguments))

    def value(self, script: str, *arguments: Any) -> Any:
        """Run `script`, the body of a function, and return what it returns."""
        return self.session.post("execute/sync", script=script, args=list(arguments))

    def all(self, selector: str) -> list[Element]:
        found = self.session.post("elements", using="css selector", value=selector)
        return [Element(self.session, reference) for reference in found]

    def find(self, selector: str, seconds: float = 10.0) -> Element:
        """The first element of this CSS selector, as soon as there is one."""
        return eventually(lambda: next(iter(self.all(selector)), None), f"{selector} at {self.address}", seconds)

    def named(self, name: str, selector: str = _CLICKABLE, seconds: float = 10.0) -> Element:
        """The link, button or label that is called so, or whose text begins so, as soon as it is shown."""

        def find() -> Element | None:
            reference = self.value(_NAMED, selector, name)
            return Element(self.session, reference) if reference else None

        return eventually(find, f"{name!r} at {self.address}", seconds)

    def texts(self, selector: str) -> list[str]:
        """The texts of all such elements, at one moment."""
        return list(self.value(_TEXTS, selector))

    def click(self, name: str, selector: str = _CLICKABLE) -> None:
        """Click what is called so. A page that is being refreshed is tried again."""
        eventually(lambda: self._clicked(name, selector), f"a click on {name!r} at {self.address}")

    def _clicked(self, name: str, selector: str) -> bool:
        try:
            self.named(name, selector).click()
        except BrowserError as error:
            if error.code not in _TRANSIENT:
                raise
            return False
        return True

    def sees(self, text: str, seconds: float = START_SECONDS) -> None:
        """Return as soon as the page shows this text; fail with what it shows instead."""
        try:
            eventually(lambda: text in self.text, text, seconds)
        except AssertionError:
            raise AssertionError(f"{self.address} does not show {text!r}, but:\n{self.text}") from None

    def press(self, *keys: str) -> None:
        """Press keys one after another, wherever the focus is. A string of several is a chord: SHIFT + TAB."""
        actions = list[dict[str, str]]()
        for chord in keys:
            actions += [{"type": "keyDown", "value": key} for key in chord]
            actions += [{"type": "keyUp", "value": key} for key in reversed(chord)]
        self.session.post("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def writes(self, text: str) -> None:
        """Press the keys of a text, wherever the focus is."""
        self.press(*text)

    @property
    def focused(self) -> Element:
        return Element(self.session, self.session.get("element/active"))

    @property
    def tabs(self) -> list[str]:
        return list(self.session.get("window/handles"))

    @property
    def tab(self) -> str:
        return str(self.session.get("window"))

    @tab.setter
    def tab(self, handle: str) -> None:
        self.session.post("window", handle=handle)

    @contextmanager
    def another_tab(self, url: str) -> Iterator[str]:
        """Open `url` in a new tab, which is the current one meanwhile; close it at the end."""
        before = self.tab
        self.tab = handle = self.session.post("window/new", type="tab")["handle"]
        try:
            self.open(url)
            yield handle
        finally:
            self.tab = handle
            self.session.delete("window")
            self.tab = before

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie["name"]: cookie["value"] for cookie in self.session.get("cookie")}

    def take(self, url: str, name: str, value: str) -> None:
        """Take a cookie for the site of this URL."""
        self.session.devtools("Network.setCookie", url=url, name=name, value=value, httpOnly=True)

    def forget(self) -> None:
        """Forget all cookies of the current page's site, and what its pages have stored."""
        self.session.devtools("Network.clearBrowserCookies")
        if self.address.startswith("http"):
            self.value("localStorage.clear(); sessionStorage.clear()")

    def picture(self, *, top: float = 0, height: float | None = None, scale: float = 1) -> bytes:
        """The page as a PNG: all of it, or so many pixels of its height below `top`."""
        size = self.session.devtools("Page.getLayoutMetrics")["cssContentSize"]
        rest = size["height"] - top
        clip = {"x": 0, "y": top, "width": size["width"], "height": min(height or rest, rest), "scale": scale}
        taken = self.session.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])

    def pdf(self) -> bytes:
        """The page as it is printed on A4."""
        printed = self.session.devtools("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False)
        return base64.b64decode(printed["data"])
