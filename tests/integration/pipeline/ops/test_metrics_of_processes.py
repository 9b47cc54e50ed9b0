"""A controller and an agent run as processes, scraped after real checks; the dashboard and the alert rules fit them."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from controller.metrics.counts import SUSPICIOUS, UNVOUCHED
from controller.store.accounts.tokens import new_token
from controller.trust.keys import Trust
from shared.nats.credentials import parse
from shared.wire.targets import KINDS
from tests.fakes.installation import enrolled
from tests.fakes.ports import free_port
from tests.fakes.scripted_server import playing
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.agent.running_agent import POLITE, program
from tests.integration.pipeline.small_installation import SmallInstallation, eventually
from tests.integration.promql import metrics_of, mistakes, parsed
from tests.integration.scraped import Scraped
from tests.integration.test_serve_settings import serve

GRAFANA = Path(__file__).parents[4] / "deploy" / "grafana"
RULES = GRAFANA / "alerts.yml"
PASSWORD = "correct-horse-battery-staple"

Scrapes = tuple[Scraped, Scraped, str]


@pytest.fixture
def service() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


@pytest.fixture
async def scrapes(
    small_installation: SmallInstallation,
    database_url: str,
    nats_url: str,
    installation: Trust,
    trust_file: Path,
    tmp_path: Path,
    service: WebhookSink,
) -> AsyncIterator[Scrapes]:
    """What controller and agent export after two monitors were checked from DE and no agent was there in US."""
    port = free_port()
    token = new_token().reveal()
    await small_installation.value(
        "INSERT INTO api_token (organization_id, name, token_hash, hint) SELECT id, 't', $1, 'wsm_' FROM organization",
        hashlib.sha256(token.encode()).digest(),
    )
    settings = {"PROCESSES": "1", "METRICS_PORT": str(port)}
    enrolment = enrolled(nats_url, installation, small_installation.sealing_keys["de"])
    await small_installation.give_key("de", parse(enrolment.nats_credentials.reveal()).seed)
    async with (
        serve(
            database_url, nats_url, trust_file, tmp_path / "log", METRICS_PER_MONITOR="true", HEARTBEAT_URL=service.url
        ) as controller,
        program(enrolment, tmp_path, **settings),
        playing(
            POLITE
        ) as server,  # this ends first: checks are always due, and a killed agent closes its connections at once
    ):
        controller.headers["Authorization"] = f"Bearer {token}"
        await _watch(controller, server.port, name="Well")
        await _watch(controller, server.port, name="Login", smtpConfig={"auth": {"user": "u", "pass": PASSWORD}})

        async def checked() -> Scraped | None:
            answers = [await controller.get(path) for path in ("/metrics", "/metrics/monitors")]
            scraped = Scraped.of("".join(answer.text for answer in answers))
            complete = (
                scraped.sum("mailprobe_check_results_total", status="success")
                and scraped.sum("mailprobe_check_results_total", status="failure")
                and scraped.sum("mailprobe_gaps_total", reason="no_agent")
                and scraped.sum("mailprobe_location_blind", location="us")
                and scraped.sum("mailprobe_location_capacity", location="de")
                and scraped.all("mailprobe_location_clock_offset_seconds", location="de")
                and scraped.all("mailprobe_clock_offset_seconds")
                and scraped.all("mailprobe_canary_round_trip_seconds", location="de")
                and scraped.all("mailprobe_heartbeat_last_success_timestamp_seconds")
                and scraped.all("mailprobe_monitor_up")
                and scraped.all("mailprobe_stream_oldest_seconds")
                and scraped.sum("mailprobe_monitors", status="active") == 2
                and scraped.sum("mailprobe_lateness_seconds_count", stage="dispatched")
                >= scraped.sum("mailprobe_check_results_total")
            )
            return scraped if complete else None

        controller_figures = await eventually(checked)
        assert controller_figures is not None
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as agent:
            answer = await agent.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        yield controller_figures, Scraped.of(answer.text), token


async def _watch(controller: httpx.AsyncClient, port: int, **fields: Any) -> None:
    listed = await controller.get("/api/customers")
    assert listed.status_code == 200, listed.text
    [customer] = listed.json()
    body = {"customerId": customer["id"], "hostname": "127.0.0.1", "port": port, "checkIntervalSeconds": 10} | fields
    answer = await controller.post("/api/smtp-monitors", json=body)
    assert answer.status_code == 200, answer.text


async def test_processes_export_true_figures_and_every_metric_of_dashboard_and_rules(scrapes: Scrapes) -> None:
    controller, agent, token = scrapes
    passed = {"kind": "smtp", "location": "de", "status": "success", "failure": "none"}
    assert controller.sum("mailprobe_check_results_total", **passed) >= 1
    refused = {"kind": "smtp", "location": "de", "status": "failure", "failure": "starttls_missing"}
    assert controller.sum("mailprobe_check_results_total", **refused) >= 1
    count = controller.sum("mailprobe_check_results_total")
    assert controller.all("mailprobe_check_duration_seconds_count", kind="smtp", location="de") == [count]
    assert controller.sum("mailprobe_lateness_seconds_count", stage="stored") == count
    assert controller.sum("mailprobe_lateness_seconds_count", stage="dispatched", location="de") >= count
    assert controller.sum("mailprobe_lateness_seconds_count", stage="dispatched", location="us") == 0
    assert controller.sum("mailprobe_check_phase_seconds_count", kind="smtp", location="de", phase="greeting") == count
    assert controller.all("mailprobe_scheduler_leading") == [1]
    assert controller.all("mailprobe_location_ready", location="us") == [0]
    assert controller.all("mailprobe_location_ready", location="de") == [1]
    assert controller.sum("mailprobe_monitors", kind="smtp", status="active") == 2
    assert controller.sum("mailprobe_api_requests_total", route="/api/smtp-monitors", method="POST", status="200") == 2
    assert controller.sum("mailprobe_database_connections_limit") > 0
    assert controller.sum("process_resident_memory_bytes") > 2**20
    assert agent.sum("mailprobe_agent_checks_finished_total", status="success") >= 1
    assert agent.sum("mailprobe_agent_checks_finished_total") >= count
    assert agent.sum("mailprobe_agent_checks_started_total") >= count
    assert agent.all("mailprobe_agent_nats_connected") == agent.all("mailprobe_agent_processes") == [1]
    assert agent.sum("process_cpu_seconds_total") > 0
    for text in (controller.text, agent.text):
        assert PASSWORD not in text
        assert token not in text
        assert "127.0.0.1" not in text
    _compare(controller.labels() | agent.labels())


def _compare(exported: dict[str, set[str]]) -> None:
    known = {name: frozenset(labels) for name, labels in exported.items()}
    expressions = dict(_expressions())
    wrong = {where: found for where, expression in expressions.items() if (found := mistakes(expression, known))}
    assert wrong == {}
    shown = {_family(name) for expression in expressions.values() for name in metrics_of(parsed(expression))}
    ours = {_family(name) for name in known if name.startswith("mailprobe_")}
    assert ours - shown == _ON_NO_PANEL


_ON_NO_PANEL = {
    "mailprobe_agent_build_info",
    "mailprobe_agent_check_duration_seconds",
    "mailprobe_agent_unfit",
    "mailprobe_maintenance_expansions_total",
    "mailprobe_maintenance_windows_active",
    "mailprobe_monitor_last_duration_seconds",
    "mailprobe_monitor_up",
    "mailprobe_monitor_verdict",
    "mailprobe_monitors_in_maintenance",
}
"""Metrics that repeat what a panel shows, or are labelled by monitor."""


def _family(name: str) -> str:
    for end in ("_bucket", "_count", "_sum"):
        name = name.removesuffix(end)
    return name


def _expressions() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboard and the rules, by its place there."""
    board = json.loads((GRAFANA / "mailprobe.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']} {target['refId']}", target["expr"]
    for note in board["annotations"]["list"]:
        yield f"annotation {note['name']}", note["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = variable["definition"].removeprefix("label_values(").removesuffix(")").split(", ")
            yield f"variable {variable['name']}", f"max by ({label}) ({metric})"
    for group in msgspec.yaml.decode(RULES.read_bytes())["groups"]:
        for rule in group["rules"]:
            yield f"rule {rule['alert']}", rule["expr"]


def test_every_rule_has_a_severity_a_summary_and_a_description() -> None:
    rules = [rule for group in msgspec.yaml.decode(RULES.read_bytes())["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 20
    for rule in rules:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]
    if promtool := shutil.which("promtool"):
        checked = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_results_that_no_agent_of_ours_sends_have_a_panel_and_a_rule_of_their_own() -> None:
    """Dead letters for other reasons have another panel and rule; together they cover every reason."""
    expressions = dict(_expressions())
    for name, match, reasons in (
        ("rule MailprobeResultsUnrequested", "=~", SUSPICIOUS),
        ("rule MailprobeSignaturesRefused", "=~", UNVOUCHED),
        ("rule MailprobeDeadLetters", "!~", (*SUSPICIOUS, *UNVOUCHED)),
        ("panel Unrequested results, a minute A", "=~", SUSPICIOUS),
        ("panel Refused signatures, a minute A", "=~", UNVOUCHED),
        ("panel Requests refused, and dead letters C", "!~", (*SUSPICIOUS, *UNVOUCHED)),
    ):
        [chosen] = re.findall(r'reason(=~|!~)"([a-z_|]+)"', expressions[name])
        assert (chosen[0], set(chosen[1].split("|"))) == (match, {str(reason) for reason in reasons})
    for name in ("rule MailprobeRequestsRefused", "panel Requests refused by agents, a minute A"):
        assert "by (instance, reason)" in expressions[name]


def test_the_dashboards_panels_have_ids_places_and_titles_of_their_own() -> None:
    panels = json.loads((GRAFANA / "mailprobe.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        pytest.param(
            "mailprobe_gapes_total", "there is no metric mailprobe_gapes_total", id="a metric that does not exist"
        ),
        pytest.param(
            "sum by (agent) (a)",
            "['a'] has no label agent",
            id="an aggregation by a label that the metric does not have",
        ),
        pytest.param(
            'rate(a{place="de"}[5m])',
            "['a'] has no label place",
            id="a matcher of a label that the metric does not have",
        ),
        pytest.param(
            "a > ignoring (x) group_left () a",
            "['a'] has no label x",
            id="a match on a label that the metric does not have",
        ),
        pytest.param("vector(1)", "it uses no metric", id="no metric at all"),
    ],
)
def test_the_comparison_finds(expression: str, wrong: str) -> None:
    assert mistakes(expression, {"a": frozenset(KINDS)}) == [wrong]
