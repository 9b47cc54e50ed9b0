"""Forms that name what they were drawn from, so that nobody replaces a change of somebody else unseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from controller.errors import DomainError, PreconditionFailedError
from controller.http.etags import etag_of
from controller.http.problems import status_of
from controller.pages.shell.problems import ELSEWHERE

BOX: Mapping[str, str] = {"on": "ticked", "": "not ticked"}
"""What is said of a box by its value."""

_CHANGED = (
    "Somebody changed {} while you had the form open, and nothing was saved. The form has what you typed; where"
    " something else is stored now, the field says what. Save again to replace it."
)


def version_of(drawn: msgspec.Struct) -> str:
    """Another one for other values of a form, made as the entity tags of the API are."""
    return etag_of(drawn).strip('"')


def require_version(given: str, now: str, current: object = None) -> None:
    """Check the version that a submitted form names against that of what is stored now, which is `current`. A form
    without one takes any state, as a request without If-Match does. To be called while the object is locked. Raises
    PreconditionFailedError.
    """
    if given not in ("", now):
        raise PreconditionFailedError(current, None)


def differing(typed: Mapping[str, Any], stored: Mapping[str, Any]) -> list[str]:
    """The fields that two forms have in common, with different values."""
    return sorted(name for name in typed.keys() & stored.keys() if _compared(typed[name]) != _compared(stored[name]))


def problems_of_conflict(
    thing: str, names: Iterable[str], stored: Mapping[str, Any], words: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, str]:
    """What to show beside each of the fields `names`, and above all, when somebody changed `thing` meanwhile. `words`
    say by field what its values are called. Fields of secrets must not be among `names`.
    """
    called = words or {}
    fields = {name: f"Stored now: {_shown(stored[name], called.get(name, {}))}" for name in names}
    return {ELSEWHERE: _CHANGED.format(thing), **fields}


def form_status(error: DomainError | None) -> HTTPStatus:
    """The status of the page that shows a form again."""
    if isinstance(error, PreconditionFailedError):
        return HTTPStatus.CONFLICT
    return status_of(error) if error else HTTPStatus.OK


def _compared(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value.replace("\r\n", "\n").strip()


def _shown(value: str | list[str], words: Mapping[str, str]) -> str:
    texts = value if isinstance(value, list) else [value]
    return ", ".join(words.get(one, one) for one in texts) or "nothing"
