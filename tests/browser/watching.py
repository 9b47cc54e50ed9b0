"""Watches a browser for what no page of ours may do: an error in the console, a request to another host, something that
the content security policy refuses.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from tests.browser.browser import Browser

_LISTENER = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`refused by the policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});
"""
_OURS = {"data", "blob", "about", "chrome-error", "chrome", "devtools"}
"""Schemes of addresses for which Chromium asks no host."""


class Watch:
    """What happens from its construction to `found`. `hosts` (name and port) may be asked."""

    def __init__(self, browser: Browser, *hosts: str) -> None:
        self.hosts = set(hosts)
        self._browser = browser
        self._expected = list[str]()
        self._drain("browser")
        self._drain("performance")
        self._script = browser.session.devtools("Page.addScriptToEvaluateOnNewDocument", source=_LISTENER)["identifier"]

    def expect(self, pattern: str) -> None:
        """Messages with this pattern are part of the test: "Failed to load resource" when it stops the controller."""
        self._expected.append(pattern)

    def found(self) -> list[str]:
        """What happened since the last call, in words."""
        messages = [
            f"console: {entry['message']}"
            for entry in self._drain("browser")
            if entry["level"] in {"SEVERE", "WARNING"} and not self._is_expected(entry["message"])
        ]
        return messages + [f"request to {url}" for url in self.requests() if self._is_elsewhere(url)]

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self._drain("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def end(self) -> None:
        self._browser.session.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=self._script)

    def _is_expected(self, message: str) -> bool:
        return any(re.search(pattern, message) for pattern in self._expected)

    def _is_elsewhere(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme not in _OURS and parts.netloc not in self.hosts

    def _drain(self, kind: str) -> list[dict[str, Any]]:
        return list(self._browser.session.post("se/log", type=kind))
