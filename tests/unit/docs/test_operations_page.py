"""docs/operations.md: which examples no test runs and why, and whether what the page names is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

import agent.settings
from controller.settings import ControllerSettings
from shared.settings import variable
from tests.conftest import requires

REPOSITORY = Path(__file__).parents[3]
TEXT = (REPOSITORY / "docs" / "operations.md").read_text()

_HEADING = re.compile(r"^##+ (.*)$", re.MULTILINE)
_EXAMPLE = re.compile(r"(?:<!-- (?P<comment>[^>]*) -->\n)?^```sh\n(?P<script>.*?)^```$", re.MULTILINE | re.DOTALL)
_OTHER = re.compile(r"^```([\w-]+)\n", re.MULTILINE)
_CHECKOUT = re.compile(r"(?:/opt/mailprobe/|(?<![\w/.-]))(deploy/[\w./@-]*[\w])")
_ALERT = re.compile(r"`(Mailprobe[A-Z]\w+)`")
_SETTING = re.compile(r"MAILPROBE_[A-Z0-9_]*[A-Z0-9]")
_ENGINE = "needs a container engine"

NOT_RUN = [
    ("The commands in short", "export MAILPROBE_DATABASE_URL", "needs servers of your own"),
    ("The commands in short", "mailprobe-agent run", "needs servers of your own"),
    ("The commands in short", "for program in", "bash completion may not be installed"),
    ("`make run`", "MAILPROBE_DATABASE_URL=", "needs the address of your database"),
    ("`make run`", "make wheels", "downloads all packages"),
    ("`make run`", "make run WHEELS", "it would run itself"),
    ("Containers", "cd deploy/compose", f"{_ENGINE}; the same steps without one are run by tests/integration/deploy"),
    ("Containers", "cd deploy/compose", _ENGINE),
    ("Containers", "cd deploy/compose", _ENGINE),
    ("Containers", "cd deploy/compose", _ENGINE),
    ("Containers", "cd deploy/compose", _ENGINE),
    ("Containers", "docker buildx build", _ENGINE),
    ("Program", "git clone", "the test has put the checkout there"),
    ("A second controller", "ssh root@FIRST", "on another machine"),
    ("A location", "/opt/mailprobe/venv/bin/mailprobe-agent doctor", "it connects to mail servers of the Internet"),
    ("A location", "install -d -m 700 /etc/mailprobe\ninstall -d -m 700 -o 10001", _ENGINE),
    ("A location", "kubectl create secret generic", "needs a cluster"),
    ("Watching the watcher", "curl -fsS -m 10", "needs a URL of a service of yours"),
    (
        "A leaf server for a region",
        "cd /etc/nats",
        "on another machine than the centre; tests/integration/deploy runs leaf.conf",
    ),
    (
        "A leaf server for a region",
        "cp /opt/mailprobe/deploy/nats/leaf.conf",
        "on another machine than the centre; tests/integration/deploy runs leaf.conf",
    ),
    ("From one NATS server to three", "cd ~", "needs three machines"),
    ("From one NATS server to three", "systemctl start mailprobe-controller", "needs three machines"),
    ("Upgrades", "cd /opt/mailprobe", "there is no newer version to fetch"),
    ("Rotating keys", "cd ~", "no login here is of an earlier version"),
]
"""Every shell example that no test runs: its section, how it begins, and the reason that the page gives."""

OTHERS = {
    "agent-env",
    "audit-owner",
    "fail2ban-jail",
    "grafana-provisioning",
    "nats-server",
    "nginx",
    "nginx-metrics",
    "postfix-main",
    "postscreen-access",
    "rspamd-settings",
    "yaml",
}
"""The examples that are no shell, by the word after their fence: tests/integration/deploy gives each to its program."""


class Example(NamedTuple):
    line: int
    section: str
    script: str
    reason: str


def examples() -> list[Example]:
    return [
        Example(
            line=TEXT.count("\n", 0, found.start("script")),
            section=_HEADING.findall(TEXT, 0, found.start())[-1],
            script=found["script"],
            reason=(found["comment"] or "").removeprefix("not run: "),
        )
        for found in _EXAMPLE.finditer(TEXT)
    ]


def not_run() -> list[Example]:
    return [example for example in examples() if example.reason]


def test_exactly_these_examples_are_not_run() -> None:
    found = [(example.section, example.script, example.reason) for example in not_run()]
    assert [(section, reason) for section, _, reason in found] == [(section, reason) for section, _, reason in NOT_RUN]
    for (_, script, _), (_, begins, _) in zip(found, NOT_RUN, strict=True):
        assert script.startswith(begins)


def test_every_other_example_belongs_to_a_program_that_tries_it() -> None:
    assert set(_OTHER.findall(TEXT)) - {"sh"} == OTHERS
    tried = "".join(path.read_text() for path in (REPOSITORY / "tests/integration/deploy").glob("test_*.py"))
    for language in OTHERS:
        assert f'snippet("{language}")' in tried, language


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"line {example.line}")
def test_bash_reads_the_example(example: Example) -> None:
    requires(shutil.which("bash"), "bash")
    read = subprocess.run(["bash", "-n"], input=example.script, capture_output=True, text=True, timeout=20, check=False)
    assert read.returncode == 0, read.stderr
    assert not read.stderr


@pytest.mark.parametrize("page", ["docs/operations.md", "deploy/README.md"])
def test_every_path_of_the_repository_is_there(page: str) -> None:
    text = (REPOSITORY / page).read_text().replace("$PART", "controller")
    named = set(_CHECKOUT.findall(text))
    assert named or page != "docs/operations.md"
    for path in named:
        assert (REPOSITORY / path).exists(), path


def test_the_programs_of_the_compose_folder_are_there() -> None:
    for example in examples():
        if example.script.startswith("cd deploy/compose"):
            for program in re.findall(r"^\./(\w+)", example.script, re.MULTILINE):
                assert (REPOSITORY / "deploy/compose" / program).exists(), program


def test_the_page_of_deploy_names_every_folder() -> None:
    listed = re.findall(r"^\| `([a-z]+)/` \|", (REPOSITORY / "deploy/README.md").read_text(), re.MULTILINE)
    there = sorted(
        path.name for path in (REPOSITORY / "deploy").iterdir() if path.is_dir() and path.name[0] not in "_."
    )
    assert listed == there


def test_every_alert_that_is_named_is_a_rule() -> None:
    groups = msgspec.yaml.decode((REPOSITORY / "deploy/grafana/alerts.yml").read_bytes())["groups"]
    rules = {rule["alert"] for group in groups for rule in group["rules"]}
    assert set(_ALERT.findall(TEXT)) <= rules


def test_every_setting_that_is_named_is_one() -> None:
    fields = {
        variable(field.name)
        for kind in (ControllerSettings, agent.settings.Settings, agent.settings._Given)
        for field in msgspec.structs.fields(kind)
    }
    of_compose = set(_SETTING.findall((REPOSITORY / "deploy/compose/compose.yaml").read_text()))
    assert set(_SETTING.findall(TEXT)) <= fields | of_compose
