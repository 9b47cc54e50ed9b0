"""deploy/systemd: systemd accepts the units without warnings; they are hardened and use settings that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.settings import Settings as AgentSettings
from controller.settings import ControllerSettings
from tests.conftest import requires
from tests.integration.deploy.centre import CONFIGS, DEPLOY, OPERATIONS

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
_MOST_EXPOSED = 1.5
"""Exposure by `systemd-analyze security`, at most 10; it was 1.2 when this was written. The rest is network access."""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, below a root folder that has the programs they start."""
    requires(shutil.which("systemd-analyze"), "systemd-analyze")
    folder = tmp_path / "etc" / "systemd" / "system"
    folder.mkdir(parents=True)
    for unit in UNITS:
        text = unit.read_text()
        for program in re.findall(r"^Exec\w+=(\S+)", text, re.MULTILINE):
            path = tmp_path / program.removeprefix("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o755)
        (folder / unit.name).write_text(text)
    dropin = folder / "nats.service.d"
    dropin.mkdir()
    shutil.copy(DEPLOY / "systemd" / "nats-leaf.conf", dropin / "leaf.conf")
    for needed in ("sysinit", "basic", "shutdown", "network-online", "multi-user"):
        (folder / f"{needed}.target").write_text(f"[Unit]\nDescription={needed}\n")
    return tmp_path


def _analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong(unit: Path, installed: Path) -> None:
    named = unit.name.replace("@.", "@de-nbg.")
    ran = _analyze("verify", f"--root={installed}", "--man=no", "--recursive-errors=one", named)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr, ran.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_hardly_anything_is_exposed(unit: Path) -> None:
    requires(shutil.which("systemd-analyze"), "systemd-analyze")
    ran = _analyze("security", "--offline=true", f"--threshold={round(_MOST_EXPOSED * 10)}", unit)
    assert ran.returncode == 0, ran.stdout
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes"):
        assert f"\n{line}\n" in unit.read_text()


def test_no_unit_holds_a_secret_or_lets_one_be_read_by_others() -> None:
    for unit in UNITS:
        assigned = dict(re.findall(r"(MAILPROBE_\w+|NATS_\w+)=(\S+)", "\n".join(_environment(unit))))
        for name, value in assigned.items():
            if re.search(r"KEY|URL|TRUST|ENROLMENT|CERTIFICATE|CA", name):
                assert value.startswith("%d/"), f"{unit.name}: {name}"


def test_every_variable_is_a_setting_of_that_program() -> None:
    known = {
        "mailprobe-agent@.service": {*AgentSettings.__struct_fields__, "enrolment"},
        "mailprobe-controller.service": set(ControllerSettings.__struct_fields__),
    }
    for name, fields in known.items():
        for variable in re.findall(r"MAILPROBE_(\w+)=", "\n".join(_environment(DEPLOY / "systemd" / name))):
            assert variable.lower() in fields or variable.lower().removesuffix("_file") in fields, variable


def test_the_unit_of_nats_and_its_environment_file_set_every_variable_of_each_configuration() -> None:
    unit = "\n".join(_environment(DEPLOY / "systemd" / "nats.service"))
    leaf = "\n".join(_environment(DEPLOY / "systemd" / "nats-leaf.conf"))
    page = OPERATIONS.read_text()
    server = (CONFIGS / "server.conf").read_text()
    leaf_trust = (CONFIGS / "leaf-trust").read_text()  # what it prints goes into the environment file
    for kind, more in (("single", ""), ("cluster", ""), ("leaf", leaf)):
        text = (CONFIGS / f"{kind}.conf").read_text()
        required = set(re.findall(r"\$(NATS_\w+)", text + ("" if kind == "leaf" else server)))
        given = set(re.findall(r"(NATS_\w+)=", unit + more))
        in_file = required - given
        assert in_file <= {"NATS_NAME", "NATS_ROUTES", "NATS_CENTRE", "NATS_ACCOUNT", "NATS_SHARED"}, kind
        assert all(f"{name}=" in page or f"# {name}=" in leaf_trust for name in in_file)


def test_every_credential_that_is_loaded_is_used() -> None:
    for unit in (*UNITS, DEPLOY / "systemd" / "nats-leaf.conf"):
        text = unit.read_text()
        loaded = set(re.findall(r"^LoadCredential=([\w-]+):", text, re.MULTILINE))
        assert loaded == set(re.findall(r"%d/([\w-]+)", text)), unit.name


def _environment(unit: Path) -> list[str]:
    return re.findall(r"^Environment=(.*)$", unit.read_text(), re.MULTILINE)
