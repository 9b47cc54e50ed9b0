"""The logins of a request, whichever form they come in."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shared.wire.messages import CheckRequest
from shared.wire.targets import is_kind

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("file", "logins"),
    [
        pytest.param("CheckRequest.json", {"login": [b"sealed"]}, id="one"),
        pytest.param("CheckRequest.rotated.json", {"login": [b"sealed", b"older", b"oldest"]}, id="to older keys too"),
        pytest.param("CheckRequest.logins.json", {"sender": [b"sealed", b"older"], "receiver": [b"other"]}, id="named"),
    ],
)
def test_logins_are_read_by_name(file: str, logins: dict[str, list[bytes]]) -> None:
    request = msgspec.json.decode((GOLDEN / file).read_bytes(), type=CheckRequest)
    assert request.sealed_logins == logins
    assert request.without_logins().sealed_logins == {}


@pytest.mark.parametrize("name", ["", "b-c", "B", "a.b", "*", "é", "a\n"])
def test_a_kind_whose_consumer_could_be_another_locations_has_no_such_name(name: str) -> None:
    assert not is_kind(name)
