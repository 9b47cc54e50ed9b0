"""Servers are found by what DNS and autoconfig say, with real name servers and web servers on this machine."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from controller.decisions.discovery.typed_address import read_address
from controller.discovery.autoconfig_files import AutoconfigFiles
from controller.discovery.finder import FoundServers, ServerFinder
from controller.discovery.records import MailRecords
from controller.kinds import mail_services
from controller.notify.destinations import Destinations
from controller.notify.webhook.sender import WebhookSender
from shared.addresses import Network
from tests.fakes.certificates import Certificates
from tests.fakes.name_server import Wrong, Zone, serving
from tests.fakes.webhook_sink import WebhookSink

DOMAIN = "example.test"
MAIL = f"alice@{DOMAIN}"
AUTOCONFIG, LIST = f"autoconfig.{DOMAIN}", "autoconfig.thunderbird.net"
HERE = (ip_network("127.0.0.0/8"),)
FILE = b"""<clientConfig version="1.1"><emailProvider id="x"><incomingServer type="imap">
<hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username>
</incomingServer></emailProvider></clientConfig>"""


@pytest.fixture
def web(certificates: Certificates) -> Iterator[WebhookSink]:
    """A web server that is every site of the tests."""
    leaf = certificates.authority.issue_cert(AUTOCONFIG, DOMAIN, LIST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    with WebhookSink(tls=context) as sink:
        sink.body = FILE
        yield sink


@asynccontextmanager
async def finder_in(
    zone: Zone, certificates: Certificates, port: int = 9, allowed: tuple[Network, ...] = HERE
) -> AsyncIterator[ServerFinder]:
    """A finder that queries a name server with this zone, and fetches files at this port."""
    trusting = ssl.create_default_context()
    certificates.authority.configure_trust(trusting)
    async with serving(zone) as nameserver:
        sender = WebhookSender(Destinations(allowed, nameservers=[nameserver]), trusting)
        yield ServerFinder(mail_services(), MailRecords([nameserver]), AutoconfigFiles(sender, port=port))


async def find(finder: ServerFinder, text: str = MAIL) -> FoundServers:
    return await finder.find(read_address(text, finder.services))


def shown(found: FoundServers) -> list[tuple[str, int, str]]:
    return [(one.host, one.port, one.tls.value) for one in found.candidates]


def said(found: FoundServers, source: str) -> str:
    [step] = [one for one in found.steps if source in one.source]
    return step.outcome


async def test_srv_records_and_mx_records_name_servers(certificates: Certificates) -> None:
    zone = {
        f"_imaps._tcp.{DOMAIN}": [f"SRV 10 0 1993 second.{DOMAIN}", f"SRV 0 0 993 first.{DOMAIN}"],
        f"_submissions._tcp.{DOMAIN}": [f"SRV 0 1 465 smtp.{DOMAIN}"],
        f"_pop3._tcp.{DOMAIN}": ["SRV 0 0 0 ."],
        DOMAIN: [f"MX 20 backup.{DOMAIN}", f"MX 10 mx.{DOMAIN}"],
    }
    async with finder_in(zone, certificates) as finder:
        found = await find(finder)
    assert shown(found) == [
        (f"smtp.{DOMAIN}", 465, "implicit"),
        (f"first.{DOMAIN}", 993, "implicit"),
        (f"mx.{DOMAIN}", 25, "opportunistic"),
        (f"second.{DOMAIN}", 1993, "implicit"),
    ]
    assert found.candidates[0].reasons == [f"the SRV record _submissions._tcp.{DOMAIN} says so (RFC 8314)"]
    assert said(found, "MX records") == f"mx.{DOMAIN}, backup.{DOMAIN}"
    assert "no such host" in said(found, "Autoconfig")


async def test_the_domain_s_own_autoconfig_names_servers_and_learns_the_address(
    certificates: Certificates, web: WebhookSink
) -> None:
    async with finder_in({AUTOCONFIG: ["127.0.0.1"]}, certificates, web.port) as finder:
        found = await find(finder)
    [one] = found.candidates
    assert (one.host, one.port, one.user) == (f"imap.{DOMAIN}", 993, MAIL)
    assert one.reasons == [f"the autoconfig of {DOMAIN} says so"]
    assert [post.path for post in web.received] == [f"/mail/config-v1.1.xml?emailaddress={MAIL}"]


async def test_the_well_known_path_of_the_domain_counts_too(certificates: Certificates, web: WebhookSink) -> None:
    async with finder_in({DOMAIN: ["127.0.0.1"]}, certificates, web.port) as finder:
        assert shown(await find(finder)) == [(f"imap.{DOMAIN}", 993, "implicit")]
    assert [post.path for post in web.received] == ["/.well-known/autoconfig/mail/config-v1.1.xml"]


async def test_mozilla_s_list_is_read_only_when_the_domain_says_nothing_and_never_learns_the_address(
    certificates: Certificates, web: WebhookSink
) -> None:
    zone = {LIST: ["127.0.0.1"], DOMAIN: ["MX 10 mx1.mail.provider.test"]}
    async with finder_in(zone, certificates, web.port) as finder:
        found = await find(finder)
    assert {post.path for post in web.received} == {f"/v1.1/{DOMAIN}", "/v1.1/provider.test"}
    assert not any("alice" in str(post) for post in web.received)
    assert shown(found) == [(f"imap.{DOMAIN}", 993, "implicit"), ("mx1.mail.provider.test", 25, "opportunistic")]
    assert "Mozilla's list of mail providers has it for" in found.candidates[0].reasons[0]


async def test_a_domain_with_a_private_address_is_not_fetched_from(
    certificates: Certificates, web: WebhookSink
) -> None:
    zone = {AUTOCONFIG: ["127.0.0.1"], DOMAIN: ["10.0.0.1", "127.0.0.1"], LIST: ["127.0.0.1"]}
    async with finder_in(zone, certificates, web.port, allowed=()) as finder:
        found = await find(finder)
    assert web.requests == 0
    assert "has no public address" in said(found, "Autoconfig")


async def test_a_redirect_to_a_private_address_or_without_https_is_not_followed(
    certificates: Certificates, web: WebhookSink
) -> None:
    web.answers = [302, 302]
    async with finder_in({AUTOCONFIG: ["127.0.0.1"]}, certificates, web.port) as finder:
        web.location = "https://192.168.0.1/config.xml"
        assert "192.168.0.1 has no public address" in said(await find(finder), "Autoconfig")
        web.location = f"http://{AUTOCONFIG}:{web.port}/config.xml"
        assert "not https" in said(await find(finder), "Autoconfig")
    assert web.requests == 2


async def test_a_redirect_by_https_is_followed_but_not_for_ever(certificates: Certificates, web: WebhookSink) -> None:
    async with finder_in({AUTOCONFIG: ["127.0.0.1"]}, certificates, web.port) as finder:
        web.location, web.answers = f"https://{AUTOCONFIG}/other.xml", [301]
        assert len((await find(finder)).candidates) == 1
        web.answers = [301] * 9
        assert "again and again" in said(await find(finder), "Autoconfig")


async def test_a_page_in_the_place_of_a_file_names_nothing(certificates: Certificates, web: WebhookSink) -> None:
    web.body = b"<html><p>Welcome"
    async with finder_in({AUTOCONFIG: ["127.0.0.1"]}, certificates, web.port) as finder:
        found = await find(finder)
        assert not found.candidates
        assert "it is not XML" in said(found, "Autoconfig")
        web.body = b"<a>" + b" " * 200_000 + b"</a>"
        assert "longer than" in said(await find(finder), "Autoconfig")


async def test_usual_names_are_the_last_resort(certificates: Certificates) -> None:
    async with finder_in({f"imap.{DOMAIN}": ["127.0.0.1"]}, certificates) as finder:
        found = await find(finder)
    assert shown(found) == [(f"imap.{DOMAIN}", 993, "implicit"), (f"imap.{DOMAIN}", 143, "required")]
    assert found.candidates[0].reasons[0].startswith(f"imap.{DOMAIN} exists")


async def test_a_host_without_a_port_is_tried_on_the_ports_of_its_name(certificates: Certificates) -> None:
    async with finder_in({f"smtp.{DOMAIN}": ["127.0.0.1"]}, certificates) as finder:
        found = await find(finder, f"smtp.{DOMAIN}")
    assert [(one.host, one.port) for one in found.candidates] == [(f"smtp.{DOMAIN}", port) for port in (587, 465, 25)]


async def test_a_domain_that_takes_no_mail_says_so(certificates: Certificates) -> None:
    async with finder_in({DOMAIN: ["MX 0 ."]}, certificates) as finder:
        found = await find(finder)
    assert not found.candidates
    assert "takes no mail (RFC 7505)" in said(found, "MX records")


async def test_name_servers_and_sites_that_are_silent_hold_nobody_up(
    certificates: Certificates, web: WebhookSink
) -> None:
    silent = [f"{one.srv}.{DOMAIN}" for one in mail_services()] + [DOMAIN, f"mail.{DOMAIN}"]
    zone: dict[str, list[str] | Wrong] = dict.fromkeys(silent, Wrong.SILENCE)
    zone |= {AUTOCONFIG: ["127.0.0.1"], LIST: ["127.0.0.1"]}
    web.hold()
    began = time.monotonic()
    async with finder_in(zone, certificates, web.port) as finder:
        found = await find(finder)
    assert time.monotonic() - began < 8.5
    assert not found.candidates
    assert "did not answer" in said(found, "SRV records")
    assert "no answer in time" in said(found, "Autoconfig")
