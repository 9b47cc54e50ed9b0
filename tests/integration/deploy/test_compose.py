"""deploy/compose is valid for Compose and hardened, and a documented step makes everything that it mounts."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.settings import Settings as AgentSettings
from agent.settings import read_settings
from controller.operations.installation.enrolment import new_keys
from controller.settings import ControllerSettings, EnrolmentSettings, StoreSettings
from shared.settings import load
from shared.wire import enrolment
from tests.conftest import requires
from tests.integration.deploy.centre import DEPLOY, OPERATIONS

_PROGRAMS = Path(sys.executable).parent
_NAME = "mail-probe.example.net"
_OURS = re.compile(r"mailprobe-(controller|agent)\Z")
_KNOWN = {
    "mailprobe-agent": {*AgentSettings.__struct_fields__, "enrolment"},
    "mailprobe-controller": set(ControllerSettings.__struct_fields__),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compose folder of a checkout after ./prepare."""
    folder = _checkout(tmp_path_factory.mktemp("compose"))
    _prepare(folder, _NAME)
    return folder


@pytest.fixture(scope="module")
def services(prepared: Path) -> dict[str, Any]:
    """Every service in full, as Compose reads the file."""
    return dict(_config(prepared)["services"])


def _checkout(copy: Path) -> Path:
    requires(shutil.which("openssl"), "openssl")
    for part in ("compose", "nats", "docker"):
        ignored = shutil.ignore_patterns("secrets", "var", ".env", "*.env", "__pycache__")
        shutil.copytree(DEPLOY / part, copy / "deploy" / part, ignore=ignored)
    return copy / "deploy" / "compose"


def _prepare(folder: Path, *names: str) -> str:
    environ = {"PATH": os.environ["PATH"], "CONTROLLER": str(_PROGRAMS / "mailprobe-controller")}
    ran = subprocess.run(
        [str(folder / "prepare"), *names], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _config(folder: Path) -> dict[str, Any]:
    command = [str(_PROGRAMS / "docker-compose"), "--profile", "*", "config", "--format", "json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr, ran.stderr
    return dict(json.loads(ran.stdout))


def test_compose_says_what_to_do_when_nothing_is_prepared(tmp_path: Path) -> None:
    settings = tmp_path / ".env"
    settings.touch()
    ran = subprocess.run(
        [_PROGRAMS / "docker-compose", "--env-file", settings, "config", "--quiet"],
        cwd=DEPLOY / "compose",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode != 0
    assert "run ./prepare first" in ran.stderr


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("MAILPROBE_AGENT_LOCATION=there\n", id="another setting"),
        pytest.param("MAILPROBE_AGENT_LOCATION=there", id="another setting on a line without a line break"),
        pytest.param("MAILPROBE_AGENT_LOCATION=there\nMAILPROBE_USER=\n", id="a user without a name"),
    ],
)
def test_prepare_adds_the_user_to_settings_that_are_there(tmp_path: Path, before: str) -> None:
    folder = _checkout(tmp_path)
    (folder / ".env").write_text(before)
    _prepare(folder)
    config = _config(folder)
    assert Path(config["secrets"]["enrolment"]["file"]).name == "there.agent"
    assert config["services"]["controller-1"]["user"] not in ("", "0:0")


def test_controllers_are_given_the_settings_of_controller_env(tmp_path: Path) -> None:
    folder = _checkout(tmp_path)
    _prepare(folder)
    (folder / "controller.env").write_text("MAILPROBE_TRUSTED_PROXIES=192.0.2.10\n")
    environment = _config(folder)["services"]["controller-2"]["environment"]
    assert environment["MAILPROBE_TRUSTED_PROXIES"] == "192.0.2.10"


def test_it_is_two_controllers_three_nats_a_database_and_an_agent(services: dict[str, Any]) -> None:
    assert set(services) == {
        "controller-1", "controller-2", "nats-1", "nats-2", "nats-3", "postgres", "agent", "migrate", "tools",
    }  # fmt: skip


def test_every_container_is_hardened(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["user"] not in ("", "root", "0", "0:0"), name
        assert service["cap_drop"] == ["ALL"], name
        assert not service.get("cap_add"), name
        assert not service.get("privileged"), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "host" not in (service.get("network_mode"), service.get("pid")), name


def test_everything_that_stays_has_a_health_check(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if service["restart"] == "no":
            continue
        if _OURS.match(service["image"]):
            dockerfile = DEPLOY / "docker" / Path(service["build"]["dockerfile"]).name
            assert "\nHEALTHCHECK " in dockerfile.read_text(), name
        else:
            assert service["healthcheck"]["test"], name


def test_only_nats_is_reached_from_outside_and_the_database_by_nobody(services: dict[str, Any]) -> None:
    published = {
        name: {(port.get("host_ip", "every address"), port["published"]) for port in service.get("ports", [])}
        for name, service in services.items()
        if service.get("ports")
    }
    assert published == {
        "controller-1": {("127.0.0.1", "8081"), ("127.0.0.1", "9481")},
        "controller-2": {("127.0.0.1", "8082"), ("127.0.0.1", "9482")},
        "nats-1": {("every address", "4222")},
        "nats-2": {("every address", "4223")},
        "nats-3": {("every address", "4224")},
    }
    assert set(services["postgres"]["networks"]) == {"inside"}


def test_every_variable_is_a_setting_of_that_program(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if known := _KNOWN.get(service["image"]):
            for variable in service["environment"]:
                field = variable.removeprefix("MAILPROBE_").lower()
                assert field in known or field.removesuffix("_file") in known, f"{name}: {variable}"
    used = set(re.findall(r"\$(NATS_\w+)", "".join(path.read_text() for path in _nats_configs())))
    for number in (1, 2, 3):
        assert set(services[f"nats-{number}"]["environment"]) == used | {"GOGC"}  # read by Go itself


def _nats_configs() -> list[Path]:
    return [DEPLOY / "nats" / name for name in ("cluster.conf", "server.conf")]


def test_every_file_that_is_mounted_is_there_after_the_steps_of_the_page(prepared: Path) -> None:
    config = _config(prepared)
    files = {Path(each["file"]) for part in ("secrets", "configs") for each in config[part].values()}
    missing = {path.name for path in files if not path.exists()}
    assert missing == {"here.agent"}
    assert "locations add here " in OPERATIONS.read_text()
    for service in config["services"].values():
        for volume in service.get("volumes", []):
            assert Path(volume["source"]).is_dir(), volume


def test_the_controllers_settings_are_read_from_the_secrets_that_prepare_made(
    prepared: Path, services: dict[str, Any]
) -> None:
    mounted = {name: each["file"] for name, each in _config(prepared)["secrets"].items()}
    environ = {
        name: mounted[value.removeprefix("/run/secrets/")] if value.startswith("/run/secrets/") else value
        for name, value in services["controller-1"]["environment"].items()
    }
    settings = load(ControllerSettings, environ)
    password = (prepared / "secrets" / "database-password").read_text().strip()
    assert f":{password}@postgres/" in settings.database_url.reveal()
    assert settings.nats_replicas == 3
    assert load(StoreSettings, services["migrate"]["environment"] | environ).database_url == settings.database_url


def test_the_agent_reads_all_it_needs_from_the_file_of_its_location(
    prepared: Path, services: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(prepared / "secrets")
    tools = load(EnrolmentSettings, {name: str(value) for name, value in services["tools"]["environment"].items()})
    path = tmp_path / "here.agent"
    enrolment.write(path, new_keys(tools, code="here", country_code="DE").enrolment)
    for name, value in services["agent"]["environment"].items():
        monkeypatch.setenv(name, str(value).replace("/run/secrets/enrolment", str(path)))
    settings = read_settings()
    assert (settings.location, settings.country) == ("here", "DE")


def test_secrets_are_for_their_owner_only(prepared: Path) -> None:
    for path in (prepared / "secrets", *(prepared / "secrets").rglob("*")):
        shared = stat.S_IMODE(path.stat().st_mode) & 0o077
        assert not shared or path.suffix == ".pem", path


def test_preparing_again_keeps_every_key_and_renews_the_certificates(prepared: Path) -> None:
    before = {path.name: path.read_bytes() for path in (prepared / "secrets").rglob("*") if path.is_file()}
    output = _prepare(prepared)
    after = {path.name: path.read_bytes() for path in (prepared / "secrets").rglob("*") if path.is_file()}
    changed = {name for name in before if before[name] != after[name]}
    assert before.keys() == after.keys()
    assert changed - {"trust.conf"} == {f"nats-{number}.{kind}" for number in (1, 2, 3) for kind in ("pem", "key")}
    assert output.count(f"DNS:{_NAME}") == 3
