"""Start, stop, kill and start again: no process is left behind, and no data is lost."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from controller.trust import keys
from tests.system import monitors
from tests.system.monitors import checks_from
from tests.system.processes import still_there
from tests.system.product import REPOSITORY, START_SECONDS, STOP_SECONDS, Product, eventually
from tests.system.smtpd import MailServer

BOTH = {"DE", "US"}
PARTS = ("postgres", "nats", "controller", "agent-de", "agent-us")
KEYS = {"apiUrl", "token", "adminEmail", "adminPassword", "natsUrl", "trustFile", "databaseUrl", "locations", "pids"}
PRIVATE = ("local.json", "token", "password", "vault.key", "enrolments/de.json", "enrolments/us.json", "nats/nats.conf")


def welcome_code(product: Product) -> str:
    """The one-time code of the link with which the latest welcome ends."""
    welcome = product.output().rpartition("\nMailprobe runs; ")[2]
    said, _, ending = welcome.partition("\n\n")
    assert "it started in " in said
    dashboard, link, once, blank, *_ = ending.splitlines()
    assert dashboard == f"Open the dashboard: http://127.0.0.1:{product.port}"
    before, _, link = link.partition("Open the dashboard, logged in: ")
    assert before == ""
    assert link.startswith(f"http://127.0.0.1:{product.port}/login#code=")
    assert "once, within 10 minutes" in once
    assert blank == ""
    return link.partition("#code=")[2]


def test_old_data_continues_after_an_orderly_stop_and_after_a_kill(
    new_product: Product, mail_server: MailServer
) -> None:
    product = new_product
    product.allow_networks = ""
    product.start()
    first = product.record
    steps = re.findall(r"^\[(\d)/8\] (.+): (\d+\.\d) s$", product.output(), re.MULTILINE)
    assert [int(number) for number, _, _ in steps] == list(range(1, 9))
    assert first.keys() == KEYS
    assert first["pids"].keys() == set(PARTS)
    sockets = Path(parse_qs(urlsplit(first["databaseUrl"]).query)["host"][0])
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    for name in PRIVATE:
        assert stat.S_IMODE((product.data / name).stat().st_mode) == 0o600, name
    monitor = monitors.create(product, mail_server.port)
    forbidden = checks_from(product, monitor, BOTH, lambda check: check["status"] == "unknown")
    assert {(check["failure"]["kind"], check["failure"]["source"]) for check in forbidden.values()} == {
        ("address_forbidden", "agent")
    }
    # Ctrl-C in a terminal reaches every process of the group at once; only the parent may act on it.
    product.stop(signal.SIGINT, whole_group=True)
    assert "part_died" not in product.output()
    assert not sockets.exists()
    for secret in ("token", "adminPassword"):
        assert first[secret] not in product.output()
    code = welcome_code(product)
    for path in product.data.rglob("*"):
        if path.is_file() and path.suffix in {".json", ".log"}:
            assert code.encode() not in path.read_bytes(), path

    product.allow_networks = "127.0.0.0/8"
    product.start()
    assert welcome_code(product) != code
    second = product.record
    assert {key: second[key] for key in KEYS - {"pids"}} == {key: first[key] for key in KEYS - {"pids"}}
    assert {check["id"] for check in forbidden.values()} <= {
        check["id"] for check in monitors.history(product, monitor)
    }
    monitors.trigger(product, monitor)
    checks_from(product, monitor, BOTH, lambda check: check["status"] == "success")

    everyone = product.kill()
    assert len(everyone) > len(PARTS)
    eventually(lambda: not still_there(everyone), f"all of {everyone} have ended", STOP_SECONDS)

    product.start()
    monitors.trigger(product, monitor)
    checks_from(product, monitor, BOTH, lambda check: check["purpose"] == "triggered")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        monitors.create(product, silent.getsockname()[1], timeoutSeconds=10)
        connection, _ = silent.accept()
        with connection:  # a check that hangs does not delay the stop
            product.stop()


def test_servers_of_the_user_win_over_the_embedded_ones(
    new_product: Product, database_url: str, nats_url: str, trust_file: Path
) -> None:
    new_product.countries = "FR"
    new_product.settings = {
        "MAILPROBE_DATABASE_URL": database_url,
        "MAILPROBE_NATS_URL": nats_url,
        "MAILPROBE_TRUST_FILE": str(trust_file),
    }
    new_product.start()
    record = new_product.record
    assert (record["databaseUrl"], record["natsUrl"]) == (database_url, nats_url)
    assert record["pids"].keys() == {"controller", "agent-fr"}
    assert not (new_product.data / "postgres").exists()
    assert [each["agents"] for each in new_product.api.get("/api/locations").json()] == [1]
    new_product.stop()
    for secret in (keys.read(trust_file).account.reveal(), record["token"]):
        assert secret not in new_product.output()


def test_make_killed_takes_all_with_it(new_product: Product) -> None:
    """Under make, the killed parent may be make itself."""
    new_product.countries = "DE"
    new_product.start(around=["sh", "-c", '"$@"; exit $?', "make"])
    everyone = new_product.kill()
    eventually(lambda: not still_there(everyone), f"all of {everyone} have ended", STOP_SECONDS)


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_comes_back_where_it_was(product: Product, mail_server: MailServer, part: str) -> None:
    before = product.record
    monitor = monitors.create(product, mail_server.port)
    checks_from(product, monitor, BOTH, lambda check: check["status"] == "success")
    pid = before["pids"][part]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: product.record["pids"].get(part) not in (None, pid), f"{part} in local.json again")
    record = product.record
    assert {key: record[key] for key in KEYS - {"pids"}} == {key: before[key] for key in KEYS - {"pids"}}
    assert {name: pid for name, pid in record["pids"].items() if name != part} == {
        name: pid for name, pid in before["pids"].items() if name != part
    }
    eventually(lambda: _is_ready(product), "ready again")
    again = monitors.now()
    checks_from(product, monitor, BOTH, lambda check: _success_after(check, again))
    monitors.delete(product, monitor)


def _is_ready(product: Product) -> bool:
    try:
        return product.api.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _success_after(check: monitors.Check, moment: float) -> bool:
    return check["status"] == "success" and monitors.scheduled(check) >= moment


def test_a_second_instance_on_the_same_data_says_so(product: Product, tmp_path: Path) -> None:
    second = Product(product.data)
    second.console = tmp_path / "console"
    assert "earlier instance" in _refusal(second)
    assert _is_ready(product)
    assert product.record["apiUrl"].endswith(str(product.port))


def test_a_busy_port_is_named(product: Product, tmp_path: Path) -> None:
    second = Product(tmp_path / "data")
    second.port = product.port
    assert str(product.port) in _refusal(second)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        pytest.param({"data": Path("/proc/self/data")}, "/proc/self/data", id="a folder that cannot be made"),
        pytest.param({"data": REPOSITORY / "LICENSE"}, "LICENSE", id="a file where the folder should be"),
        pytest.param({"countries": "DE XX"}, "XX", id="a code that is not a country's"),
        pytest.param({"countries": " "}, "country", id="no country at all"),
        pytest.param({"port": 70000}, "70000", id="a port above 65535"),
        pytest.param({"allow_networks": "localhost"}, "localhost", id="a name where a network should be"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, wrong: dict[str, object], complaint: str) -> None:
    product = Product(tmp_path / "data")
    for name, value in wrong.items():
        setattr(product, name, value)
    product.console = tmp_path / "console"
    assert complaint in _refusal(product)


def _refusal(product: Product) -> str:
    """The one line that it prints when it refuses to start, before it has done anything."""
    process = product.begin()
    assert process.wait(START_SECONDS) == 1
    lines = product.output().splitlines()
    assert len(lines) == 1, lines
    return lines[0]
