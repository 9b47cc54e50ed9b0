"""Every command of docs/operations.md works, followed from top to bottom on a clean machine with systemd."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.conftest import requires
from tests.fakes.machine import Machine, missing_for_machine, start_machine
from tests.system.product import REPOSITORY
from tests.system.readme import Example, examples

EXAMPLES = [example for example in examples((REPOSITORY / "docs" / "operations.md").read_text()) if not example.skipped]
_CHECKOUT = "opt/mailprobe"
_UNITS = ("nats", "mailprobe-controller", "mailprobe-agent@de-nbg")
_OURS = " ".join(f"--unit={unit}" for unit in _UNITS)

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the checkout where the page expects it and host names for the servers."""
    missing = missing_for_machine()
    requires(missing is None, str(missing))
    ignored = shutil.ignore_patterns(".git", ".venv", "var", "secrets", "__pycache__", ".*_cache", ".hypothesis")
    with start_machine(tmp_path_factory.mktemp("machine")) as started:
        shutil.rmtree(started.root / _CHECKOUT, ignore_errors=True)
        shutil.copytree(REPOSITORY, started.root / _CHECKOUT, ignore=ignored)
        with (started.root / "etc/hosts").open("a") as hosts:
            hosts.write("127.0.0.1 nats-1.example.net db.example.net\n")
        yield started


@pytest.fixture(scope="module")
def outputs(machine: Machine) -> dict[int, str]:
    """What each example printed, by its line; an example that fails is the last."""
    printed: dict[int, str] = {}
    for example in EXAMPLES:
        ran = machine.run(example.script, online=_needs_packages(example), environ=_environ(), seconds=300)
        printed[example.line] = ran.stdout
        if ran.returncode:
            printed[example.line] = f"exit status {ran.returncode}: {ran.stdout}\n{_journal(machine)}"
            break
    return printed


def _needs_packages(example: Example) -> bool:
    return "pip install" in example.script or "apt-get " in example.script


def _environ() -> dict[str, str]:
    """The settings for fetching packages here, which are not part of the page."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper().endswith(("_PROXY", "_CERT", "_CERT_FILE", "_BUNDLE")) or name.startswith("PIP_")
    } | {"DEBIAN_FRONTEND": "noninteractive"}


def _journal(machine: Machine) -> str:
    return machine.run(f"journalctl --no-pager --lines=60 {_OURS}").stdout


def test_the_page_has_examples_to_run() -> None:
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line {example.line}")
def test_example_works(example: Example, outputs: dict[int, str]) -> None:
    assert example.line in outputs, "an example before it failed"
    assert not outputs[example.line].startswith("exit status"), outputs[example.line]


def test_every_service_still_runs_and_none_had_to_be_started_again(machine: Machine, outputs: dict[int, str]) -> None:
    for unit in _UNITS:
        shown = machine.run(f"systemctl show {unit} --property=ActiveState,NRestarts,DynamicUser").stdout.split()
        assert set(shown) == {"ActiveState=active", "NRestarts=0", "DynamicUser=yes"}, _journal(machine)


def test_the_location_has_agents_after_every_key_was_changed(machine: Machine, outputs: dict[int, str]) -> None:
    ready = """
        for attempt in $(seq 300); do
          curl -fsS http://127.0.0.1:8080/api/locations -H "Authorization: Bearer $(cat ~/token)" >/tmp/locations &&
            grep -q '"agents":[1-9]' /tmp/locations && exit 0
          sleep 0.2
        done
        cat /tmp/locations; exit 1"""
    answer = machine.run(ready)
    assert answer.returncode == 0, f"{answer.stdout}\n{_journal(machine)}"


def test_every_service_stopped_in_order_when_it_was_restarted(machine: Machine, outputs: dict[int, str]) -> None:
    assert "Failed with result" not in machine.run(f"journalctl --no-pager {_OURS}").stdout, _journal(machine)


def test_clients_of_the_database_are_given_its_password_in_no_argument(
    machine: Machine, outputs: dict[int, str]
) -> None:
    password = urlsplit(machine.run("cat /etc/mailprobe/database-url").stdout.strip()).password
    assert password
    for file, there in (("cmdline", False), ("environ", True)):
        shown = f"""python3 -c 'print(open("/proc/self/{file}").read())'"""
        ran = machine.run(f"/{_CHECKOUT}/deploy/systemd/with-database {shown}")
        assert "db.example.net" in ran.stdout or there, ran.stdout
        assert (password in ran.stdout) is there


def test_no_secret_is_in_the_journal(machine: Machine, outputs: dict[int, str]) -> None:
    journal = machine.run("journalctl --no-pager").stdout
    for path in ("/etc/mailprobe/vault-keys", "~/token", "~/password"):
        secret = machine.run(f"cat {path}").stdout.strip()
        assert secret
        assert secret not in journal
