"""The commands with which the dashboard answers a new location start an agent, and docs/operations.md has the same."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from agent.settings import Settings as AgentSettings
from controller.operations.installation.enrolment import new_keys
from controller.pages.locations.commands import Platform, platforms
from controller.settings import EnrolmentSettings
from controller.store.locations import locations
from controller.store.platform.pool import Database
from shared.settings import load
from shared.wire import enrolment
from tests.conftest import requires
from tests.integration.deploy.centre import DEPLOY, OPERATIONS
from tests.integration.pipeline.small_installation import eventually
from tests.integration.test_serve_settings import found, serve
from tests.system.product import environ

CODE = "de-fra"
_TEXT = '{\n  "location": "de-fra",\n  "sealingKey": "a $secret `with` \'marks\'"\n}\n'
# systemd is not ours: this stands for it, and starts what the unit starts with the credential that it loads.
_SYSTEMCTL = """#!/bin/bash
[ "$1 $2" = "enable --now" ] || exit 0
code=${3#mailprobe-agent@}
unit=ETC/systemd/system/mailprobe-agent@.service
credential=$(sed -n "s|^LoadCredential=enrolment:/etc|ETC|p" $unit | sed "s/%i/$code/")
command=$(sed -n "s|^ExecStart=/opt/mailprobe/venv/bin/||p" $unit)
MAILPROBE_ENROLMENT=$credential BIN/$command >LOG/agent.log 2>&1 &
echo $! >LOG/pid
"""


def _platform(key: str, text: str | None = _TEXT) -> Platform:
    return next(one for one in platforms(CODE, text) if one.key == key)


def _bash(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-eu"],
        input=script,
        cwd=folder,
        env=environ() | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("key", ["debian", "docker", "kubernetes"])
def test_the_page_of_operations_has_the_same_commands(key: str) -> None:
    """With the file that a command wrote, in place of the enrolment."""
    page = OPERATIONS.read_text()
    known = next(one for one in platforms("de-nbg") if one.key == key)
    assert f"```sh\n{known.start}\n```" in page
    for line in known.before.splitlines():
        assert "YOUR_" in line or line in {"PART=agent", "cd mailprobe"} or _words(line) <= _words(page), line


def _words(text: str) -> set[str]:
    return set(text.split())


@pytest.mark.parametrize("key", ["debian", "docker", "kubernetes", "checkout"])
def test_bash_reads_every_command(key: str) -> None:
    for text in (_TEXT, None):
        known = _platform(key, text)
        for commands in (known.before, known.start, known.again):
            ran = subprocess.run(["bash", "-n"], input=commands, capture_output=True, text=True, check=False)
            assert (ran.returncode, ran.stderr) == (0, ""), commands


@pytest.mark.parametrize("key", ["debian", "docker", "checkout"])
def test_the_enrolment_is_written_as_it_is_and_for_its_owner_only(key: str, tmp_path: Path) -> None:
    commands = _platform(key).start
    [block] = re.findall(r"^\(umask.*?^END$", commands, re.MULTILINE | re.DOTALL)
    (tmp_path / "etc/mailprobe").mkdir(parents=True)
    (tmp_path / "var").mkdir()
    ran = _bash(block.replace("/etc", f"{tmp_path}/etc"), tmp_path)
    assert ran.returncode == 0, ran.stderr
    [written] = tmp_path.rglob(f"{CODE}.agent")
    assert (written.read_text(), written.stat().st_mode & 0o777) == (_TEXT, 0o600)


def test_the_shell_keeps_no_history_of_it(tmp_path: Path) -> None:
    history = tmp_path / "history"
    commands = "set -o history\necho before\n" + _platform("checkout").start.replace(
        ".venv/bin/mailprobe-agent", "true"
    )
    (tmp_path / "var").mkdir()
    for script, kept in ((commands, False), (commands.replace("unset HISTFILE", "true"), True)):
        history.unlink(missing_ok=True)
        subprocess.run(
            ["bash", "--norc", "-i"],
            input=script + "\n",
            cwd=tmp_path,
            env=environ() | {"HISTFILE": str(history)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (history.exists() and "$secret" in history.read_text()) is kept


def test_kubectl_takes_the_secret_and_the_manifest_uses_it(tmp_path: Path) -> None:
    commands = _platform("kubernetes").start
    [manifest] = re.findall(r"^apiVersion.*?(?=^END$)", commands, re.MULTILINE | re.DOTALL)
    deployment = msgspec.yaml.decode(manifest)
    pod = deployment["spec"]["template"]
    assert deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
    [container] = pod["spec"]["containers"]
    _are_settings([one["name"] for one in container["env"]])
    volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
    mounted = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert volumes.keys() == mounted.keys()
    given = {one["name"]: one["value"] for one in container["env"]}
    assert given["MAILPROBE_ENROLMENT"] == f"{mounted['enrolment']}/enrolment"
    assert given["MAILPROBE_STATE_FOLDER"] == mounted["state"]
    assert f"USER {pod['spec']['securityContext']['runAsUser']}:" in (DEPLOY / "docker/agent.Dockerfile").read_text()
    requires(shutil.which("kubectl"), "kubectl")
    create = commands[: commands.index("kubectl apply --filename - <<")].replace("kubectl apply --filename -", "cat")
    ran = _bash(create, tmp_path)
    assert ran.returncode == 0, ran.stderr
    secret = msgspec.yaml.decode(ran.stdout)
    assert secret["metadata"]["name"] == volumes["enrolment"]["secret"]["secretName"]
    assert secret["data"].keys() == {"enrolment"}
    assert msgspec.convert(secret["data"]["enrolment"], bytes, strict=False).decode() == _TEXT


def test_docker_is_given_settings_of_an_agent_and_the_user_of_the_image() -> None:
    commands = _platform("docker").start
    _are_settings(re.findall(r"--env (\w+)=", commands))
    [user] = re.findall(r"^USER (\d+):", (DEPLOY / "docker/agent.Dockerfile").read_text(), re.MULTILINE)
    assert f"chown {user} /etc/mailprobe/{CODE}.agent" in commands
    assert f"install -d -m 700 -o {user} /var/lib/mailprobe-{CODE}" in commands


def _are_settings(names: list[str]) -> None:
    known = {*AgentSettings.__struct_fields__, "enrolment"}
    assert names
    for name in names:
        assert name.removeprefix("MAILPROBE_").lower() in known, name


@contextmanager
def _systemctl(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which `systemctl` is the stand-in; what it starts is ended."""
    programs = folder / "bin"
    programs.mkdir()
    text = _SYSTEMCTL.replace("ETC", f"{folder}/etc").replace("BIN", str(Path(sys.executable).parent))
    (programs / "systemctl").write_text(text.replace("LOG", str(folder)))
    (programs / "systemctl").chmod(0o755)
    try:
        yield {"PATH": f"{programs}:{os.environ['PATH']}"}
    finally:
        started = folder / "pid"
        if started.exists():
            os.kill(int(started.read_text()), signal.SIGTERM)


async def test_the_commands_for_debian_bring_an_agent_to_a_running_controller(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    token = await found(database_url)
    given = {"DATABASE_URL": database_url, "TRUST_FILE": str(trust_file), "NATS_URL": nats_url}
    settings = load(EnrolmentSettings, {f"MAILPROBE_{name}": value for name, value in given.items()})
    keys = new_keys(settings, code=CODE, country_code="DE")
    async with (
        Database.open(database_url) as database,
        locations.inserting(
            database,
            code=CODE,
            name="Frankfurt",
            country_code="DE",
            public_key=keys.sealing_key,
            nats_user=keys.nats_user,
            nats_account=keys.nats_account,
            request_keys=keys.request_keys,
        ) as location,
    ):
        assert location
    commands = _platform("debian", enrolment.text_of(keys.enrolment).reveal()).start
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    commands = commands.replace("/etc/", f"{tmp_path}/etc/").replace("/opt/mailprobe/", f"{DEPLOY.parent}/")
    async with serve(database_url, nats_url, trust_file, tmp_path / "log") as controller:
        with _systemctl(tmp_path) as environment:
            await _starts(commands, controller, token, tmp_path, environment)
        secret = keys.enrolment.sealing_key.reveal()
        for log in (tmp_path / "log", tmp_path / "agent.log"):
            assert secret not in log.read_text()


async def _starts(
    commands: str, controller: httpx.AsyncClient, token: str, folder: Path, environment: dict[str, str]
) -> None:
    ran = await asyncio.to_thread(_bash, commands, folder, **environment, PYTHONPATH=str(DEPLOY.parent))
    assert ran.returncode == 0, ran.stderr

    async def ready() -> bool:
        answer = await controller.get("/api/locations", headers={"Authorization": f"Bearer {token}"})
        return any(one["agents"] for one in answer.json())

    await eventually(ready)
