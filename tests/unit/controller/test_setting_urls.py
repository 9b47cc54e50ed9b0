"""Settings that are URLs: one that can never work is refused at the start, in words, without the text."""

from __future__ import annotations

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.model.values.secret_urls import DatabaseUrl, HeartbeatUrl, SmsUrl
from shared.nats.broker import NatsUrl
from shared.settings import SettingsError, load


class Urls(msgspec.Struct, frozen=True, kw_only=True):
    nats_url: NatsUrl | None = None
    database_url: DatabaseUrl | None = None
    public_url: PublicUrl | None = None
    heartbeat_url: HeartbeatUrl | None = None
    sms_url: SmsUrl | None = None


NO_HOSTS = [
    "a b",
    "a..b",
    ".a",
    "-a",
    "a-",
    "a" * 64,
    "a." * 127 + "b",
    "{host}",
    "<host>",
    "256.1.1.1",
    "1.2.3",
    "*.a",
]
HOSTS = ["127.0.0.1", "[::1]", "nats", "my_nats", "nats.example.net.", "xn--mnchen-3ya.example", "münchen.example"]
URLS = {
    "NATS_URL": "tls://{}:4222",
    "DATABASE_URL": "postgresql://user:wonderland@{}:5432/name",
    "PUBLIC_URL": "https://{}/probe",
    "HEARTBEAT_URL": "https://{}/wonderland",
}


def refused(name: str, text: str) -> str:
    """What is said of a malformed setting."""
    with pytest.raises(SettingsError) as error:
        load(Urls, {f"MAILPROBE_{name}": text})
    assert "wonderland" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("host", NO_HOSTS)
def test_a_host_that_no_resolver_finds_is_refused(name: str, host: str) -> None:
    assert refused(name, URLS[name].replace("{}", host)).startswith(f"MAILPROBE_{name}: must ")


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("host", HOSTS)
def test_hosts_are_names_or_addresses(name: str, host: str) -> None:
    load(Urls, {f"MAILPROBE_{name}": URLS[name].replace("{}", host)})


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("port", ["0", "65536", "99999", "x", "4222x", "-1", "４２２２"])
def test_a_port_is_a_number_from_1_to_65535(name: str, port: str) -> None:
    scheme, rest = URLS[name].split("{}")
    text = f"{scheme}host:{port}{rest.removeprefix(':4222').removeprefix(':5432')}"
    assert refused(name, text).startswith(f"MAILPROBE_{name}: must be ")


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("NATS_URL", "nats://host:4222/path", "must be URLs that end after host and port"),
        ("NATS_URL", "nats://host:4222?tls=no", "must be URLs that end after host and port"),
        ("NATS_URL", "nats://host:4222#one", "must be URLs that end after host and port"),
        ("NATS_URL", "nats://one:4222, nats://two four:4222", "must name servers by a host name or an IP address"),
        ("NATS_URL", "nats://one:4222/nats://two:4222", "must be URLs that end after host and port"),
        ("NATS_URL", "nats://wonderland@host", "must hold no user, password or token"),
        ("NATS_URL", "nats://ho\tst:4222", "must be URLs such as"),
        ("DATABASE_URL", "postgresql://host/name?sslmode=wonderland", "sslmode must be one of disable, allow"),
        ("DATABASE_URL", "postgresql://host/name?target_session_attrs=wonderland", "target_session_attrs must be one"),
        ("DATABASE_URL", "postgresql:///name?host=/socket&port=wonderland", "port must be a number from 1 to 65535"),
        ("DATABASE_URL", "postgresql:///name?host=wonder land", "host must be a host name"),
        ("DATABASE_URL", "postgresql://user:wonderland@[::1/name", "must be a URL such as postgresql://"),
        ("PUBLIC_URL", "https://host/?a=b", "must be a URL such as https://"),
        ("PUBLIC_URL", "https://[::1", "must be a URL such as https://"),
        ("PUBLIC_URL", "/", "must be a URL such as https://"),
        ("HEARTBEAT_URL", "https://[::1/wonderland", "must be a URL such as https://"),
        ("SMS_URL", "wonderland/{number}", "must be a URL such as sinch://"),
        ("SMS_URL", "sinch:///{number}", "must be a URL such as sinch://"),
        ("SMS_URL", "sinch://wonder land/{number}", "must be a URL such as sinch://"),
        ("SMS_URL", "sinch://wonderland", "must contain {number}"),
    ],
)
def test_the_message_names_the_rule(name: str, text: str, rule: str) -> None:
    assert refused(name, text).startswith(f"MAILPROBE_{name}: {rule}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("NATS_URL", "nats://one:4222, tls://two,nats://[2001:db8::1]:4222/"),
        ("DATABASE_URL", "postgresql:///name?host=/socket"),
        ("DATABASE_URL", "postgresql://user@%2Fsocket/name"),
        ("DATABASE_URL", "postgres://one:5432,[::1]:5433,three/name?sslmode=verify-full&target_session_attrs=primary"),
        ("DATABASE_URL", "postgresql:///name?host=one,two&port=5432,5433"),
        ("PUBLIC_URL", "http://127.0.0.1:8080/"),
        ("HEARTBEAT_URL", "http://host:8080/ping?key=wonderland"),
        ("SMS_URL", "sinch://plan:wonderland@+15551234567/{number}"),
        ("SMS_URL", "json://host:8080/sms/{number}?a=b"),
    ],
)
def test_what_works_is_taken(name: str, text: str) -> None:
    load(Urls, {f"MAILPROBE_{name}": text})
