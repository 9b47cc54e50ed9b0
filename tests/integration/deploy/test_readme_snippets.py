"""What deploy/README.md says to put into the settings of other programs means, to those programs, what it says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.conftest import requires
from tests.integration.deploy.centre import Centre
from tests.integration.deploy.snippets import snippet

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


def test_nginx_takes_the_proxy(tmp_path: Path) -> None:
    requires(shutil.which("nginx"), "nginx")
    centre = Centre(tmp_path)
    site = snippet("nginx")
    site = site.replace("/etc/ssl/mail-probe.pem", str(centre.tls / "nats-1.pem"))
    site = site.replace("/etc/ssl/mail-probe.key", str(centre.tls / "nats-1.key"))
    assert "/etc/ssl" not in site
    config = tmp_path / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{site}\n}}\n")
    _said("nginx", "-t", "-q", "-c", config, "-p", tmp_path)
