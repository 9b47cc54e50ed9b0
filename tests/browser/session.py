"""A WebDriver session: its commands, those of Chromium's developer tools, and an element of the page."""

from __future__ import annotations

from typing import Any

import httpx

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class BrowserError(AssertionError):
    """Chromium refused a command. `code` is WebDriver's, such as "stale element reference"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message.partition('Stacktrace')[0].strip()}")
        self.code = code


class Session:
    def __init__(self, client: httpx.Client, number: str) -> None:
        self._client = client
        self._number = number

    def get(self, command: str) -> Any:
        return self._answer(self._client.get(self._path(command)))

    def post(self, command: str, **body: Any) -> Any:
        return self._answer(self._client.post(self._path(command), json=body))

    def delete(self, command: str) -> Any:
        return self._answer(self._client.delete(self._path(command)))

    def devtools(self, command: str, **parameters: Any) -> Any:
        """Send a command of the Chrome DevTools Protocol to the current tab."""
        return self.post("goog/cdp/execute", cmd=command, params=parameters)

    def _path(self, command: str) -> str:
        return f"/session/{self._number}/{command}".rstrip("/")

    def _answer(self, answer: httpx.Response) -> Any:
        value = answer.json()["value"]
        if not answer.is_success:
            raise BrowserError(value["error"], value["message"])
        return value


class Element:
    """An element of the page, as long as the page keeps it."""

    def __init__(self, session: Session, reference: dict[str, str]) -> None:
        self._session = session
        self.reference = reference
        self._path = f"element/{reference[_ELEMENT]}"

    def click(self) -> None:
        """Scroll to it and click its middle, as a mouse does. Another element above it raises BrowserError."""
        self._session.post(f"{self._path}/click")

    def type(self, text: str) -> None:
        """Focus it and press the keys of this text."""
        self._session.post(f"{self._path}/value", text=text)

    def clear(self) -> None:
        self._session.post(f"{self._path}/clear")

    @property
    def text(self) -> str:
        """The text as it is shown."""
        return str(self._session.get(f"{self._path}/text"))

    @property
    def shown(self) -> bool:
        return bool(self._session.get(f"{self._path}/displayed"))

    def attribute(self, name: str) -> str | None:
        value = self._session.get(f"{self._path}/attribute/{name}")
        return None if value is None else str(value)
