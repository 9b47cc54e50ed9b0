"""The addresses that a hosts file gives a name: its own, in any spelling, until the file changes."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from shared.hosts_file import HostsFile

TEXT = """
# comment
127.0.0.1 localhost
::1\tlocalhost ip6-localhost   # both
10.0.0.5 mail.a.test shared.test
10.0.0.5 mail.b.test
10.0.0.6 mail.b.test MAIL.C.test.
2001:DB8::1 mail.a.test
fe80::1%lo0 scoped.test
10.0.0.5 mail.a.test
nonsense mail.d.test
10.0.0.9
"""


def _replace(path: Path, text: str | None) -> None:
    path.unlink()
    if text is not None:
        path.write_text(text)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        pytest.param("mail.a.test", ["10.0.0.5", "2001:db8::1"], id="lines of one name are added"),
        pytest.param("shared.test", ["10.0.0.5"], id="an alias has the address of its line only"),
        pytest.param("mail.b.test", ["10.0.0.5", "10.0.0.6"], id="a shared address does not share the others"),
        pytest.param("Mail.C.Test", ["10.0.0.6"], id="case does not matter"),
        pytest.param("mail.a.test.", ["10.0.0.5", "2001:db8::1"], id="a final dot does not matter"),
        pytest.param("localhost", ["127.0.0.1", "::1"], id="localhost has both of its lines"),
        pytest.param("ip6-localhost", ["::1"], id="the other name of a loopback address has its own only"),
        pytest.param("a.localhost", ["127.0.0.1", "::1"], id="names below localhost are local"),
        pytest.param("scoped.test", ["fe80::1"], id="a scope is left out"),
        pytest.param("mail.d.test", [], id="a line without an address is left out"),
        pytest.param("a.test", [], id="part of a name is not the name"),
    ],
)
async def test_a_name_has_its_own_addresses_only(name: str, addresses: list[str], path: Path) -> None:
    assert list(await HostsFile(path).addresses(name)) == addresses


async def test_localhost_needs_no_file(tmp_path: Path) -> None:
    hosts = HostsFile(tmp_path / "none")
    assert list(await hosts.addresses("localhost")) == ["::1", "127.0.0.1"]
    assert list(await hosts.addresses("mail.a.test")) == []


async def test_a_changed_file_is_read_again_a_second_later(path: Path) -> None:
    clock = Clock()
    hosts = HostsFile(path, clock)
    assert list(await hosts.addresses("shared.test")) == ["10.0.0.5"]
    _replace(path, "10.0.0.7 shared.test\n")
    assert list(await hosts.addresses("shared.test")) == ["10.0.0.5"]
    clock.now += 1
    assert list(await hosts.addresses("shared.test")) == ["10.0.0.7"]
    _replace(path, None)
    clock.now += 1
    assert list(await hosts.addresses("shared.test")) == []


async def test_the_event_loop_runs_while_the_file_is_read(tmp_path: Path) -> None:
    """A reader of a pipe is blocked until somebody writes; here that is the event loop itself."""
    path = tmp_path / "hosts"
    os.mkfifo(path)
    finding = asyncio.create_task(HostsFile(path).addresses("shared.test"))
    pipe = None
    while pipe is None:
        await asyncio.sleep(0.01)
        with suppress(OSError):  # nobody reads yet
            pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(pipe, b"10.0.0.5 shared.test\n")
    os.close(pipe)
    assert list(await finding) == ["10.0.0.5"]
