"""The controller's settings that have a structure of their own."""

from __future__ import annotations

import re

import pytest

from controller.model.retention import Kept
from controller.settings import ControllerSettings, VaultSettings
from controller.trust import keys
from controller.vault import new_key
from shared.settings import SettingsError, load
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget

NEEDED = {
    "MAILPROBE_DATABASE_URL": "postgresql://db.example.net/mailprobe",
    "MAILPROBE_NATS_URL": "tls://nats.example.net",
    "MAILPROBE_TRUST_FILE": "",
    "MAILPROBE_VAULT_KEYS": new_key().reveal(),
}


@pytest.fixture(autouse=True, scope="module")
def trust_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("trust") / "trust.json"
    keys.write(path, keys.new_trust())
    NEEDED["MAILPROBE_TRUST_FILE"] = str(path)


def test_nobody_is_trusted_and_a_hundred_requests_are_the_limit_by_default() -> None:
    settings = load(ControllerSettings, NEEDED)
    assert (settings.rate_limit, settings.trusted_proxies) == (100, ())


def test_proxies_are_networks_or_addresses() -> None:
    environ = {**NEEDED, "MAILPROBE_RATE_LIMIT": "0", "MAILPROBE_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1 ::1"}
    settings = load(ControllerSettings, environ)
    assert settings.rate_limit == 0
    assert [str(proxy.value) for proxy in settings.trusted_proxies] == ["10.0.0.0/8", "192.0.2.1/32", "::1/128"]


def test_ops_have_addresses() -> None:
    settings = load(ControllerSettings, {**NEEDED, "MAILPROBE_OPS_EMAIL": "ops@example.com, night@example.com"})
    assert [address.value for address in settings.ops_email] == ["ops@example.com", "night@example.com"]
    assert load(ControllerSettings, NEEDED).ops_email == ()


def test_nothing_notifies_people_by_default() -> None:
    settings = load(ControllerSettings, NEEDED)
    assert (settings.smtp_host, settings.sms_url, settings.notify_allow_networks) == (None, None, ())


def test_history_is_kept_for_thirty_days_and_two_years_by_default() -> None:
    assert load(ControllerSettings, NEEDED).keeps == Kept(30, 24, 400)
    environ = {**NEEDED, "MAILPROBE_KEEP_RESULTS_DAYS": "56", "MAILPROBE_KEEP_ROLLUPS_MONTHS": "2"}
    environ["MAILPROBE_KEEP_BLOCKS_DAYS"] = "90"
    assert load(ControllerSettings, environ).keeps == Kept(56, 2, 90)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({"KEEP_RESULTS_DAYS": "0"}, "MAILPROBE_KEEP_RESULTS_DAYS", id="results for no day"),
        pytest.param({"KEEP_RESULTS_DAYS": "401"}, "MAILPROBE_KEEP_RESULTS_DAYS", id="results for too long"),
        pytest.param(
            {"KEEP_RESULTS_DAYS": "57", "KEEP_ROLLUPS_MONTHS": "2"},
            "MAILPROBE_KEEP_ROLLUPS_MONTHS: must be at least one for every 28 days",
            id="summaries that end before the results",
        ),
        pytest.param(
            {"KEEP_RESULTS_DAYS": "40", "KEEP_BLOCKS_DAYS": "39"},
            "MAILPROBE_KEEP_BLOCKS_DAYS: must be at least MAILPROBE_KEEP_RESULTS_DAYS (40)",
            id="blocks that end before the results",
        ),
        pytest.param({"KEEP_BLOCKS_DAYS": "4001"}, "MAILPROBE_KEEP_BLOCKS_DAYS", id="blocks for too long"),
        pytest.param({"SMTP_HOST": "mx"}, "MAILPROBE_SMTP_FROM is required", id="a relay without a sender"),
        pytest.param({"SMTP_FROM": "nobody"}, "MAILPROBE_SMTP_FROM: must be", id="no address"),
        pytest.param(
            {"SMTP_FROM": "a@b.c\nBcc: d@e.f"}, "MAILPROBE_SMTP_FROM: must be", id="an address with a second line"
        ),
        pytest.param({"SMTP_USER": "u"}, "required together", id="a user without a password"),
        pytest.param({"SMS_URL": "json://example.net"}, "MAILPROBE_SMS_URL: must contain {number}", id="no number"),
        pytest.param({"SMTP_TLS": "maybe"}, "MAILPROBE_SMTP_TLS", id="an unknown encryption"),
        pytest.param({"NOTIFY_ALLOW_NETWORKS": "home"}, "MAILPROBE_NOTIFY_ALLOW_NETWORKS", id="no network"),
    ],
)
def test_settings_that_can_notify_nobody_are_refused_at_the_start(given: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(problem)):
        load(ControllerSettings, NEEDED | {f"MAILPROBE_{name}": value for name, value in given.items()})


@pytest.mark.parametrize("sender", ["probe@example.net", "Mailprobe <probe@example.net>"])
def test_a_sender_is_an_address_with_a_name_or_without(sender: str) -> None:
    environ = NEEDED | {"MAILPROBE_SMTP_HOST": "mx.example.net", "MAILPROBE_SMTP_FROM": sender}
    assert load(ControllerSettings, environ).smtp_from == sender


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("NATS_URL", "tls://nats..wonderland:4222", id="a broker without a host name"),
        pytest.param("DATABASE_URL", "postgresql://u:wonderland@a..b/name", id="a database without a host name"),
        pytest.param("RATE_LIMIT", "-1", id="a negative limit"),
        pytest.param("RATE_LIMIT", "many", id="a limit in words"),
        pytest.param("TRUSTED_PROXIES", "proxy.example.net", id="a proxy by name"),
        pytest.param("TRUSTED_PROXIES", "10.0.0.0/33", id="no network"),
        pytest.param("OPS_EMAIL", "ops@example.com ops", id="no address"),
        pytest.param("HEARTBEAT_URL", "ftp://checks.example.net/wonderland", id="not a web address"),
        pytest.param("HEARTBEAT_URL", "https://checks.example.net:wonderland/", id="no port"),
        pytest.param("CANARY_TARGET", "http://mail.example.net", id="no mail server"),
        pytest.param("CANARY_TARGET", "imaps://alice:wonderland@mail.example.net", id="with a user"),
    ],
)
def test_malformed_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(ControllerSettings, {**NEEDED, f"MAILPROBE_{name}": value})
    assert [problem.split(":")[0] for problem in error.value.problems] == [f"MAILPROBE_{name}"]
    assert "wonderland" not in str(error.value)
    assert "`" not in str(error.value)  # in which msgspec writes types and places


def test_the_installation_is_watched_by_a_url_and_a_mail_server() -> None:
    given = {"HEARTBEAT_URL": "https://checks.example.net/wonderland", "CANARY_TARGET": "smtps://mail.example.net"}
    settings = load(ControllerSettings, NEEDED | {f"MAILPROBE_{name}": value for name, value in given.items()})
    assert settings.canary_target is not None
    assert settings.canary_target.value == SmtpTarget(host="mail.example.net", port=465, tls=TlsMode.IMPLICIT)
    assert settings.heartbeat_url is not None
    assert settings.heartbeat_url.reveal() == given["HEARTBEAT_URL"]
    assert "wonderland" not in repr(settings)


def test_rotating_keys_needs_no_broker() -> None:
    environ = {name: value for name, value in NEEDED.items() if "NATS" not in name}
    assert load(VaultSettings, environ).database_url.reveal() == NEEDED["MAILPROBE_DATABASE_URL"]
