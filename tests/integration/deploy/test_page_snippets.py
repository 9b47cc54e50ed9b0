"""What docs/operations.md says to put into the settings of other programs means, to those programs, what it says."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import httpx
import msgspec
import pytest

from agent.settings import read_settings
from controller.trust.keys import Trust
from shared.wire.sealing import new_key_pair
from tests.conftest import requires
from tests.fakes.installation import enrolled, variables
from tests.fakes.ports import free_port
from tests.integration.deploy.centre import DEPLOY, Centre
from tests.integration.deploy.snippets import snippet
from tests.integration.pipeline.small_installation import eventually
from tests.integration.test_serve_settings import serve

AGENTS = ("192.0.2.25", "2001:db8::25")


def _said(*command: str | Path, cwd: Path | None = None) -> str:
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr or ran.stdout
    return ran.stdout


def test_postfix_lets_the_agents_past_postscreen_and_its_limits(tmp_path: Path) -> None:
    requires(shutil.which("postconf") and shutil.which("postmap"), "Postfix")
    table = tmp_path / "mailprobe.cidr"
    table.write_text(snippet("postscreen-access"))
    for address in AGENTS:
        assert _said("postmap", "-q", address, f"cidr:{table}").strip() == "permit"
    assert subprocess.run(["postmap", "-q", "192.0.2.26", f"cidr:{table}"], check=False).returncode == 1
    main = snippet("postfix-main")
    (tmp_path / "main.cf").write_text(f"compatibility_level = 3.6\n{main}")
    (tmp_path / "master.cf").write_text("")
    for line in main.splitlines():
        name, value = (part.strip() for part in line.split("=", 1))
        assert _said("postconf", "-c", tmp_path, "-h", name).strip() == value
    unknown = subprocess.run(["postconf", "-c", tmp_path, "-n"], capture_output=True, text=True, check=False)
    assert "unused parameter" not in unknown.stderr
    exceptions = next(line.split("=", 1)[1] for line in main.splitlines() if "exceptions" in line)
    assert all(address in exceptions for address in AGENTS)


def test_fail2ban_ignores_the_agents_in_every_jail(tmp_path: Path) -> None:
    requires(shutil.which("fail2ban-client") and Path("/etc/fail2ban").exists(), "fail2ban")
    settings = tmp_path / "fail2ban"
    shutil.copytree("/etc/fail2ban", settings)
    log = tmp_path / "log"
    log.touch()
    (settings / "jail.d" / "mailprobe.local").write_text(snippet("fail2ban-jail"))
    watched = f"enabled = true\nbackend = auto\nlogpath = {log}\n"
    jails = "".join(f"[{jail}]\n{watched}" for jail in ("postfix", "dovecot", "sshd"))
    (settings / "jail.d" / "jails.local").write_text(jails)
    ignored = [line for line in _said("fail2ban-client", "-c", settings, "-d").splitlines() if "'addignoreip'" in line]
    assert len(ignored) == 3
    assert all(repr(address) in line for line in ignored for address in AGENTS)


def test_rspamd_exempts_the_agents(tmp_path: Path) -> None:
    requires(shutil.which("rspamadm"), "rspamd")
    (tmp_path / "local.d").mkdir()
    (tmp_path / "local.d" / "settings.conf").write_text(snippet("rspamd-settings"))
    told = _said("rspamadm", f"--var=LOCAL_CONFDIR={tmp_path}", "configdump", "settings")
    assert all(f'"{address}"' in told for address in AGENTS)
    assert "want_spam = true" in told


def _nginx(folder: Path, upstream: str, listen: str = "443 ssl") -> Path:
    """A configuration with the proxy of the page, its `location` for metrics included."""
    centre = Centre(folder)
    site = snippet("nginx")
    at = site.index("    location / {")
    site = site[:at] + snippet("nginx-metrics") + site[at:]
    site = site.replace("/etc/ssl/mail-probe.pem", str(centre.tls / "nats-1.pem"))
    site = site.replace("/etc/ssl/mail-probe.key", str(centre.tls / "nats-1.key"))
    assert "/etc/ssl" not in site
    site = site.replace("192.0.2.11:8080", upstream).replace("192.0.2.12:8080", upstream)
    site = site.replace("listen 443 ssl;", f"listen {listen};")
    config = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    process = f"pid {folder}/pid;\nerror_log stderr;\ndaemon off;\nevents {{}}\n"
    config.write_text(f"{process}http {{\naccess_log off;\n{temporary}{site}\n}}\n")
    return config


def test_nginx_takes_the_proxy(tmp_path: Path) -> None:
    requires(shutil.which("nginx"), "nginx")
    _said("nginx", "-t", "-q", "-c", _nginx(tmp_path, "192.0.2.11:8080"), "-p", tmp_path)


async def test_nginx_serves_the_api_and_keeps_metrics_internal(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    requires(shutil.which("nginx"), "nginx")
    port, upstream = free_port(), free_port()
    config = _nginx(tmp_path, f"127.0.0.1:{upstream}", f"127.0.0.1:{port} ssl")
    settings = {"PORT": str(upstream), "METRICS_PER_MONITOR": "true", "TRUSTED_PROXIES": "127.0.0.1"}
    async with serve(database_url, nats_url, trust_file, tmp_path / "log", **settings) as controller:
        assert (await controller.get("/metrics")).status_code == 401
        proxy = await asyncio.create_subprocess_exec("nginx", "-c", config, "-p", tmp_path)
        try:
            url = f"https://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=url, verify=False, trust_env=False, timeout=30) as client:  # noqa: S501

                async def status(path: str) -> int:
                    try:
                        return (await client.get(f"{url}{path}")).status_code  # httpx takes //metrics for a host
                    except httpx.TransportError:
                        return 0

                await eventually(lambda: status("/readyz"))
                assert await status("/readyz") == 200
                assert await status("/metrics/monitors") == 401
                for path in ("/metrics", "/metrics/", "//metrics", "/%6detrics", "/api/../metrics", "/metrics?x=1"):
                    assert await status(path) == 404, path
        finally:
            proxy.terminate()
            await proxy.wait()


def test_prometheus_scrapes_what_is_served_and_reads_the_rules(tmp_path: Path) -> None:
    text = snippet("yaml")
    config = msgspec.yaml.decode(text)
    assert [Path(path).relative_to("/opt/mailprobe") for path in config["rule_files"]] == [
        Path("deploy/grafana/alerts.yml")
    ]
    assert (DEPLOY / "grafana" / "alerts.yml").exists()
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert set(jobs) == {"mailprobe-controllers", "mailprobe-agents", "mailprobe-monitors"}
    assert jobs["mailprobe-monitors"]["metrics_path"] == "/metrics/monitors"
    assert jobs["mailprobe-monitors"]["authorization"].keys() == {"credentials_file"}
    for job in jobs.values():
        assert job.keys() <= {"job_name", "metrics_path", "authorization", "static_configs"}
        [targets] = job["static_configs"]
        assert targets.keys() == {"targets"}, "labels could hide those of the metrics"
    assert len(jobs["mailprobe-monitors"]["static_configs"][0]["targets"]) == 1
    if promtool := shutil.which("promtool"):
        token = tmp_path / "token"
        token.touch()
        text = text.replace("/opt/mailprobe", str(DEPLOY.parent)).replace("/etc/prometheus/mailprobe-token", str(token))
        (tmp_path / "prometheus.yml").write_text(text)
        assert "SUCCESS" in _said(promtool, "check", "config", tmp_path / "prometheus.yml")


def test_grafana_finds_the_dashboard() -> None:
    [provider] = msgspec.yaml.decode(snippet("grafana-provisioning"))["providers"]
    assert provider["type"] == "file"
    folder = DEPLOY.parent / Path(provider["options"]["path"]).relative_to("/opt/mailprobe")
    [board] = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    assert board["uid"]
    assert board["title"]
    [source] = [variable for variable in board["templating"]["list"] if variable["type"] == "datasource"]
    assert (source["query"], source["label"]) == ("prometheus", "Prometheus")


def test_the_settings_of_a_closed_network_are_settings_of_an_agent(
    monkeypatch: pytest.MonkeyPatch, installation: Trust
) -> None:
    given = dict(line.split("=", 1) for line in snippet("agent-env").splitlines())
    private, _ = new_key_pair()
    for name, value in (variables(enrolled("nats://127.0.0.1:4222", installation, private)) | given).items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.control_name == given["MAILPROBE_CONTROL_NAME"]
    assert settings.port25_hosts.value == ()
    assert [str(network.value) for network in settings.allow_networks] == ["10.0.0.0/8"]
