"""Resolving names: found, unknown, broken and silent are distinguished, and the right side is at fault."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from agent.checks.runner import run_check
from agent.errors import CheckError
from agent.net.address_cache import KnownAddresses
from agent.net.resolve import Resolver
from shared.wire.failures import FailureKind, FailureSource, Phase
from shared.wire.targets import IpFamily
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import Certificates
from tests.fakes.context import context, request
from tests.fakes.name_server import Wrong, Zone, serving
from tests.fakes.scripted_server import playing

ZONE: Zone = {
    "mail.example.test": ["192.0.2.7"],
    "both.example.test": ["192.0.2.8", "2001:db8::8"],
    "six.example.test": ["2001:db8::6"],
    "loop.example.test": ["127.0.0.1"],
    "mixed.example.test": ["10.0.0.1", "127.0.0.1"],
    "inside.example.test": ["10.0.0.1", "169.254.169.254"],
    "empty.example.test": Wrong.EMPTY,
    "broken.example.test": Wrong.FAILURE,
    "refused.example.test": Wrong.REFUSED,
    "silent.example.test": Wrong.SILENCE,
    "control.example.test": ["192.0.2.53"],
    "alias.example.test": ["CNAME mail.example.test"],
    "dangling.example.test": ["CNAME nowhere.example.test"],
    "loop-a.example.test": ["CNAME loop-b.example.test"],
    "loop-b.example.test": ["CNAME loop-a.example.test"],
}


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("mail.example.test", {"192.0.2.7"}),
        ("both.example.test", {"192.0.2.8", "2001:db8::8"}),
        ("192.0.2.1", {"192.0.2.1"}),
        ("2001:DB8::1", {"2001:db8::1"}),
        ("alias.example.test", {"192.0.2.7"}),
    ],
)
async def test_names_and_literals_resolve(name: str, addresses: set[str]) -> None:
    async with serving(ZONE) as server, Resolver.open("control.example.test", [server]) as resolver:
        assert set(await resolver.addresses(name)) == addresses


async def test_the_hosts_file_is_honoured() -> None:
    async with serving(ZONE) as server, Resolver.open("control.example.test", [server]) as resolver:
        assert "127.0.0.1" in await resolver.addresses("localhost")


@pytest.mark.parametrize(
    ("name", "family", "addresses"),
    [
        ("mail.a.test", IpFamily.ANY, {"10.0.0.5"}),
        ("mail.b.test", IpFamily.ANY, {"10.0.0.5", "10.0.0.6"}),
        ("localhost", IpFamily.ANY, {"127.0.0.1", "::1"}),
        ("localhost", IpFamily.IPV6, {"::1"}),
        ("mail.example.test", IpFamily.ANY, {"10.0.0.7"}),
        ("both.example.test", IpFamily.IPV6, {"2001:db8::8"}),
    ],
)
async def test_a_name_in_the_hosts_file_has_its_own_addresses_only(
    name: str, family: IpFamily, addresses: set[str], tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "127.0.0.1 localhost\n::1 localhost\n10.0.0.5 mail.a.test\n10.0.0.5 mail.b.test\n10.0.0.6 mail.b.test\n"
        "10.0.0.7 mail.example.test\n10.0.0.8 both.example.test\n"
    )
    async with serving(ZONE) as server, Resolver.open("control.example.test", [server], hosts=hosts) as resolver:
        assert set(await resolver.addresses(name, family)) == addresses


@pytest.mark.parametrize(
    ("name", "family", "addresses"),
    [
        ("both.example.test", IpFamily.IPV4, ["192.0.2.8"]),
        ("both.example.test", IpFamily.IPV6, ["2001:db8::8"]),
        ("192.0.2.1", IpFamily.IPV4, ["192.0.2.1"]),
        ("2001:db8::1", IpFamily.IPV6, ["2001:db8::1"]),
    ],
)
async def test_only_the_requested_family_is_found(name: str, family: IpFamily, addresses: list[str]) -> None:
    async with serving(ZONE) as server, Resolver.open("control.example.test", [server]) as resolver:
        assert await resolver.addresses(name, family) == addresses


@pytest.mark.parametrize(
    ("name", "family", "words"),
    [
        ("mail.example.test", IpFamily.IPV6, "no IPv6 address"),
        ("six.example.test", IpFamily.IPV4, "no IPv4 address"),
        ("empty.example.test", IpFamily.ANY, "no address"),
        ("alias.example.test", IpFamily.IPV6, "its alias mail.example.test has no IPv6 address"),
        ("dangling.example.test", IpFamily.ANY, "its alias nowhere.example.test has no address"),
        ("loop-a.example.test", IpFamily.ANY, "its alias loop-a.example.test has no address"),
        ("192.0.2.1", IpFamily.IPV6, "no IPv6 address"),
        ("2001:db8::1", IpFamily.IPV4, "no IPv4 address"),
    ],
)
async def test_a_family_without_an_address_is_named(name: str, family: IpFamily, words: str) -> None:
    async with serving(ZONE) as server, Resolver.open("control.example.test", [server]) as resolver:
        with pytest.raises(CheckError) as caught:
            await resolver.addresses(name, family)
    assert (caught.value.kind, caught.value.detail) == (FailureKind.DNS_NOT_FOUND, f"{name}: {words}")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nobody.example.test", FailureKind.DNS_NOT_FOUND),
        ("empty.example.test", FailureKind.DNS_NOT_FOUND),
        ("a..b", FailureKind.DNS_NOT_FOUND),
        ("x" * 64 + ".test", FailureKind.DNS_NOT_FOUND),
        ("broken.example.test", FailureKind.DNS_ERROR),
        ("refused.example.test", FailureKind.DNS_ERROR),
    ],
)
async def test_the_reasons_for_having_no_address_are_distinguished(name: str, kind: FailureKind) -> None:
    async with serving(ZONE) as server, Resolver.open("control.example.test", [server]) as resolver:
        with pytest.raises(CheckError) as caught:
            await resolver.addresses(name)
    assert caught.value.kind is kind


async def test_a_name_just_found_is_not_resolved_again() -> None:
    zone: dict[str, list[str] | Wrong] = {"mail.example.test": ["192.0.2.7"]}
    async with serving(zone) as server, Resolver.open("control.example.test", [server]) as resolver:
        resolver._known = KnownAddresses(lambda: 0.0)  # its records expire after a second
        assert await resolver.addresses("mail.example.test") == ["192.0.2.7"]
        zone["mail.example.test"] = ["192.0.2.8"]
        assert await resolver.addresses("mail.example.test") == ["192.0.2.7"]
        assert await resolver.addresses("mail.example.test", IpFamily.IPV4) == ["192.0.2.8"], "another question"


async def test_an_answer_from_memory_does_not_excuse_name_servers_that_are_gone() -> None:
    async with AsyncExitStack() as opened:
        async with serving(ZONE, seconds_to_live=3600) as server:
            resolver = await opened.enter_async_context(Resolver.open("control.example.test", [server]))
            assert await resolver.addresses("control.example.test") == ["192.0.2.53"]
        assert await resolver.addresses("control.example.test") == ["192.0.2.53"], "remembered"
        assert not await resolver.answers()


async def test_the_control_name_is_resolved_once_for_all_who_want_to_know() -> None:
    async with serving(ZONE) as server, Resolver.open("control.example.test", [server]) as resolver:
        assert await asyncio.gather(*[resolver.answers() for _ in range(20)]) == [True] * 20


@pytest.mark.parametrize(
    ("host", "control", "kind", "source"),
    [
        pytest.param(
            "nobody.example.test",
            "control.example.test",
            "dns_not_found",
            "target",
            id="an unknown host is the target's",
        ),
        pytest.param(
            "broken.example.test", "control.example.test", "dns_error", "target", id="a broken zone is the target's"
        ),
        pytest.param(
            "broken.example.test",
            "refused.example.test",
            "dns_error",
            "resolver",
            id="when nothing resolves, the resolver's",
        ),
        pytest.param(
            "nobody.example.test", "broken.example.test", "dns_not_found", "resolver", id="an unknown host may be a lie"
        ),
        pytest.param(
            "silent.example.test",
            "control.example.test",
            "timeout",
            "target",
            id="silence about one zone is the target's",
        ),
        pytest.param(
            "silent.example.test",
            "broken.example.test",
            "timeout",
            "resolver",
            id="silence about all is the resolver's",
        ),
        pytest.param(
            "inside.example.test",
            "broken.example.test",
            "address_forbidden",
            "agent",
            id="a forbidden address is our refusal",
        ),
    ],
)
async def test_who_is_to_blame(host: str, control: str, kind: str, source: str, certificates: Certificates) -> None:
    async with (
        serving(ZONE) as server,
        context(certificates, nameservers=[server], control_name=control, punctual=True) as probe_context,
    ):
        result = await run_check(request(SmtpTarget(host=host, port=25), timeout_seconds=2), probe_context)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source, result.failure.phase) == (kind, source, Phase.RESOLVE)
    assert result.failure.source is FailureSource.TARGET or result.status == "unknown"
    assert result.address is None


async def test_the_forbidden_addresses_of_a_mixed_answer_are_not_connected_to(certificates: Certificates) -> None:
    script = ("S: 220 x", "C: EHLO", "S: 250 x", "C: QUIT", "S: 221 x")
    async with (
        serving(ZONE) as names,
        context(certificates, nameservers=[names]) as probe_context,
        playing(script) as server,
    ):
        result = await run_check(request(SmtpTarget(host="mixed.example.test", port=server.port)), probe_context)
    assert result.failure is None
    assert result.address == "127.0.0.1"


async def test_without_leave_nothing_local_is_connected_to(certificates: Certificates) -> None:
    async with (
        serving(ZONE) as names,
        context(certificates, nameservers=[names], allow=()) as probe_context,
        playing(()) as server,
    ):
        result = await run_check(request(SmtpTarget(host="loop.example.test", port=server.port)), probe_context)
        assert server.connections == 0
    assert result.failure is not None
    assert (result.failure.kind, result.status) == (FailureKind.ADDRESS_FORBIDDEN, "unknown")
