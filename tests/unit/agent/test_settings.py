"""An agent's settings, and its error messages: all problems at once, by name, without values."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from agent.__main__ import main
from agent.settings import read_settings
from controller.trust.keys import new_trust
from shared.nats.credentials import parse
from shared.settings import SettingsError
from shared.wire.enrolment import write
from shared.wire.sealing import new_key_pair
from tests.fakes.certificates import Certificates
from tests.fakes.installation import enrolled, variables

KEY, _ = new_key_pair()
ENROLMENT = enrolled("nats://broker:4222", new_trust(), KEY, location="de-fra")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("MAILPROBE_")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def enrolment(tmp_path: Path) -> Path:
    path = tmp_path / "de.json"
    write(path, ENROLMENT)
    return path


def test_an_enrolment_file_is_all_an_agent_needs(enrolment: Path) -> None:
    settings = read_settings(enrolment=str(enrolment))
    assert (settings.location, settings.country) == ("de-fra", "DE")
    assert settings.nats_url.value == "nats://broker:4222"
    assert settings.sealing_key == KEY


def test_the_environment_wins_over_the_enrolment_file(enrolment: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MAILPROBE_NATS_URL", "nats://elsewhere:4222")
    environment.setenv("MAILPROBE_ENROLMENT", str(enrolment))
    settings = read_settings()
    assert settings.nats_url.value == "nats://elsewhere:4222"
    assert settings.location == "de-fra"


def test_a_country_with_keys_in_the_environment_is_enough(environment: pytest.MonkeyPatch) -> None:
    for name, value in variables(ENROLMENT).items():
        if name != "MAILPROBE_LOCATION":
            environment.setenv(name, value)
    environment.setenv("MAILPROBE_ALLOW_NETWORKS", "127.0.0.0/8, ::1/128")
    settings = read_settings(country="de")
    assert (settings.location, settings.country) == ("de", "DE")
    assert [network.value for network in settings.allow_networks] == [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    assert settings.agent_name
    assert settings.ehlo_name


def test_all_problems_are_listed_at_once_without_values(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MAILPROBE_CONCURRENCY", "none")
    environment.setenv("MAILPROBE_ALLOW_NETWORKS", "127.0.0.0/33")
    environment.setenv("MAILPROBE_SEALING_KEY", "hunter2")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    text = str(caught.value)
    for name in ("COUNTRY", "NATS_URL", "CONCURRENCY", "ALLOW_NETWORKS"):
        assert f"MAILPROBE_{name}" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COUNTRY", "DEU"),
        ("LOCATION", "d e"),
        ("AGENT_NAME", "a.b"),
        ("SEALING_KEY", "c2hvcnQ="),
        ("VERIFY_KEYS", "c2hvcnQ="),
        ("NATS_URL", "tls://nats..example.net:4222"),
        ("NATS_URL", "tls://nats.example.net:4222/path"),
        ("NATS_CA", "nothing"),
        ("NATS_CA", "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----"),
        ("NATS_CA", "ä"),
        ("EHLO_NAME", "a b"),
        ("LOG_LEVEL", "loud"),
        ("STARTS_PER_SECOND", "0"),
        ("CONCURRENCY", "0"),
        ("PROCESSES", "-1"),
        ("PROCESSES", "many"),
        ("PER_ADDRESS_CONCURRENCY", "0"),
        ("PER_ADDRESS_STARTS_PER_SECOND", "0"),
        ("PORT25_HOSTS", "mx one/two"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str, enrolment: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MAILPROBE_" + name, value)
    with pytest.raises(SettingsError, match=f"^MAILPROBE_{name}"):
        read_settings(enrolment=str(enrolment))


def test_an_enrolment_file_that_names_no_controller_is_refused(tmp_path: Path) -> None:
    """It is of a version that did not sign. The agent would refuse every request, and log that once a minute."""
    path = tmp_path / "old.json"
    write(path, msgspec.structs.replace(ENROLMENT, verify_keys=[]))
    with pytest.raises(SettingsError, match="MAILPROBE_VERIFY_KEYS"):
        read_settings(enrolment=str(path))


def test_an_enrolment_file_with_a_broken_authority_is_refused(tmp_path: Path) -> None:
    """Otherwise the agent would try to connect for ever."""
    path = tmp_path / "broken.json"
    write(path, msgspec.structs.replace(ENROLMENT, nats_ca="-----BEGIN CERTIFICATE-----\n"))
    with pytest.raises(SettingsError, match="MAILPROBE_NATS_CA: holds no certificates in PEM form"):
        read_settings(enrolment=str(path))


def test_the_authority_of_an_enrolment_file_is_trusted(tmp_path: Path, certificates: Certificates) -> None:
    authority = certificates.authority.cert_pem.bytes().decode()
    path = tmp_path / "own.json"
    write(path, msgspec.structs.replace(ENROLMENT, nats_ca=authority))
    assert read_settings(enrolment=str(path)).broker.ca == authority.strip()


def test_an_agent_has_a_process_per_core_by_default(enrolment: Path, environment: pytest.MonkeyPatch) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert read_settings(enrolment=str(enrolment)).processes == cores
    environment.setenv("MAILPROBE_PROCESSES", "3")
    assert read_settings(enrolment=str(enrolment)).processes == 3
    assert read_settings(enrolment=str(enrolment), processes="5").processes == 5


def test_the_hosts_for_port_25_can_be_chosen_and_left_out(enrolment: Path, environment: pytest.MonkeyPatch) -> None:
    assert len(read_settings(enrolment=str(enrolment)).port25_hosts.value) >= 2
    environment.setenv("MAILPROBE_PORT25_HOSTS", "mx1.example.com, mx.example.net")
    assert read_settings(enrolment=str(enrolment)).port25_hosts.value == ("mx1.example.com", "mx.example.net")
    environment.setenv("MAILPROBE_PORT25_HOSTS", "none")
    assert read_settings(enrolment=str(enrolment)).port25_hosts.value == ()


def test_wrong_settings_are_one_clear_message_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--enrolment", str(tmp_path / "missing.json")]) == 2
    assert "missing.json: No such file" in capsys.readouterr().err


def test_a_ca_file_without_certificates_is_refused_at_start(
    enrolment: Path, tmp_path: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    environment.setenv("MAILPROBE_CA_FILE", str(empty))
    assert main(["run", "--enrolment", str(enrolment)]) == 2
    assert "ca.pem: no certificate in it" in capsys.readouterr().err


def test_secrets_do_not_show_when_settings_are_printed(enrolment: Path) -> None:
    shown = repr(read_settings(enrolment=str(enrolment)))
    assert KEY.reveal() not in shown
    assert parse(ENROLMENT.nats_credentials.reveal()).seed.reveal() not in shown
