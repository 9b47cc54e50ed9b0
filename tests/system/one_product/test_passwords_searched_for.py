"""Mail passwords and keys of the installation are searched for in everything that a product writes and answers.

Values that are not secret are searched for in the same way, because a search that does not find them proves nothing.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from controller.api.compat.alertsite.blackouts.bodies import BlackoutBody
from controller.api.compat.alertsite.recipients.bodies import RecipientBody
from controller.api.compat.uptimeify.packages.schemas import PackageConfigUpdate
from controller.api.v1.channels.schemas import ChannelBody
from controller.api.v1.saved_filters.schemas import SavedFilterBody
from controller.api.v1.sign_on.schemas import SignOnBody
from controller.trust import keys
from shared.clock import utc_now
from shared.nats.credentials import parse
from shared.wire.enrolment import read as read_enrolment
from tests.conftest import requires
from tests.fakes.certificates import Certificates
from tests.fakes.dovecot import FULL, Dovecot
from tests.fakes.dovecot import PASSWORD as RIGHT
from tests.fakes.installation import recorded
from tests.fakes.postfix import Postfix, missing_for_postfix, start_postfix
from tests.integration.table_rows import rows_of, tables
from tests.system.product import Product, eventually
from tests.system.regions.eavesdropper import Eavesdropper

WRONG = "close-sesame-4799"
COUNTRIES = {"DE", "US"}
INCIDENT_SECONDS = 120.0
STREAMS = {"/api/results/stream", "/api/events/stream", "/api/v1/stream"}
"""An answer that does not end by itself; its events are searched on the broker."""
ELSEWHERE = {
    "/api/v1/monitors/by-key/{project}/{external_key}",
    *("/api/v1/trials/{public_id}", "/api/v1/discoveries/{public_id}"),
    "/api/v1/rotas/{public_id}/overrides/{override_id}",
}
"""The first answers as the path of the monitor's id, the last as the list of overrides; of trials: test_trials."""
KEYS = {"package_type": "packageType", "key": "key"}
"""The field whose value stands in the path, where it is no id."""
LISTED_BY = {
    "/api/escalation-config": "/api/organizations",
    **dict.fromkeys(
        (f"/api/v3/report-api/{report}" for report in ("detail", "outage", "sitestatus", "sla")), "/api/customers"
    ),
}
"""The list of the things whose numbers a path takes."""


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    missing = missing_for_postfix(login=True)
    requires(missing is None, missing or "")
    with start_postfix(certificates=Certificates(), login=(FULL, RIGHT)) as running:
        yield running


def forms(secret: str) -> list[bytes]:
    """The secret as it is, as PostgreSQL shows bytes, and inside base64 at any offset."""
    plain = secret.encode()
    inside = []
    for offset in range(3):
        coded = b64encode(bytes(offset) + plain).rstrip(b"=")
        first = -(-offset * 8 // 6)
        inside.append(coded[first : len(coded) - (len(coded) * 6 > (offset + len(plain)) * 8)])
    return [plain, plain.hex().encode(), *inside]


def raw(key: str) -> list[bytes]:
    """A key in base64, and its decoded bytes."""
    content = b64decode(key)
    return [key.encode(), content, content.hex().encode()]


def test_a_form_is_found_wherever_it_begins_in_base64() -> None:
    for before in (b"", b"\0", b"\0a", b"\0alice\0", b"user=alice\x01"):
        coded = b64encode(before + WRONG.encode() + b"\x01")
        assert sum(form in coded for form in forms(WRONG)) == 1, before


def secret_forms(product: Product) -> dict[str, list[bytes]]:
    record = product.record
    trust = keys.read(Path(record["trustFile"]))
    sought = {"the right password": forms(RIGHT), "the wrong password": forms(WRONG)}
    for name in ("operator", "account", "guests", "locations", "system_account"):
        sought[f"the {name} seed"] = [getattr(trust, name).reveal().encode()]
    for key in trust.requests:
        sought["a request key"] = raw(key.reveal())
    for path in sorted((product.data / "enrolments").iterdir()):
        enrolment = read_enrolment(path)
        seed = parse(enrolment.nats_credentials.reveal()).seed
        sought[f"the NATS seed of {path.stem}"] = [seed.reveal().encode()]
        sought[f"the sealing key of {path.stem}"] = raw(enrolment.sealing_key.reveal())
    sought["the token"] = [record["token"].encode()]
    sought["the admin's password"] = forms(record["adminPassword"])
    sought["the vault key"] = [(product.data / "vault.key").read_bytes().strip()]
    return sought


def monitors(product: Product, postfix: Postfix, dovecot: Dovecot) -> set[str]:
    """Create monitors of each protocol with the right and the wrong password; their public ids."""
    tls = {"tlsOptions": {"rejectUnauthorized": False}}
    made = set()
    for password in (RIGHT, WRONG):
        smtp = {"requireTls": True, "auth": {"user": FULL, "pass": password}} | tls
        made.add(create(product, "smtp-monitors", postfix.port, smtpConfig=smtp))
        for protocol, port in (("imap", dovecot.imap_port), ("pop3", dovecot.pop3_port)):
            mailbox = {"protocol": protocol, "user": FULL, "password": password, "starttls": "required"} | tls
            made.add(create(product, "imap-pop-monitors", port, imapPopConfig=mailbox))
    return made


def create(product: Product, group: str, port: int, **config: Any) -> str:
    body = {"customerId": 1, "name": f"port {port}", "hostname": "127.0.0.1", "port": port}
    timing = {"checkIntervalSeconds": 10, "timeoutSeconds": 10}
    answer = product.api.post(f"/api/{group}", json=body | timing | config)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["publicId"])


def checked(product: Product, made: set[str]) -> bool:
    """Whether all were checked from everywhere with the expected result, and an outage was confirmed."""
    outcomes: dict[str, set[tuple[str, str]]] = {}
    for group in ("smtp-monitors", "imap-pop-monitors"):
        for monitor in _objects(product.api.get(f"/api/{group}").json()):
            path = f"/api/{group}/{monitor['publicId']}/check-history"
            checks = product.api.get(path).json()["data"]
            outcomes[monitor["publicId"]] = {(check["countryCode"], check["status"]) for check in checks}
    assert outcomes.keys() == made
    right = [ends for ends in outcomes.values() if {(country, "success") for country in COUNTRIES} <= ends]
    wrong = [ends for ends in outcomes.values() if {(country, "failure") for country in COUNTRIES} <= ends]
    return len(right) == len(wrong) == len(made) / 2 and bool(product.api.get("/api/incidents").json())


async def rows(url: str) -> dict[str, str]:
    """Every row of every table, as text, bytes in hexadecimal."""
    connection = await asyncpg.connect(url)
    try:
        return {f"public.{table}": "\n".join(await rows_of(connection, table)) for table in await tables(connection)}
    finally:
        await connection.close()


def reads(product: Product) -> dict[str, str]:
    """The answer to every GET that the API documents, for every object, as the admin sees it."""
    record = product.record
    with httpx.Client(base_url=record["apiUrl"], timeout=30, trust_env=False) as admin:
        person = {"email": record["adminEmail"], "password": record["adminPassword"]}
        assert admin.post("/api/session", json=person).status_code == 200
        assert admin.put("/api/v1/sign-on", json=SignOnBody.EXAMPLE | {"roles": []}).status_code == 201
        assert admin.post("/api/v1/channels", json=ChannelBody.EXAMPLE).status_code == 201
        assert admin.post("/api/v1/tokens", json={"name": "CI", "scope": "read"}).status_code == 201
        assert admin.post("/api/v1/screens", json={"name": "Hall", "wall": {}}).status_code == 201
        assert admin.post("/api/v1/saved-filters", json=SavedFilterBody.EXAMPLE).status_code == 201
        _plan_maintenance(admin)
        _have_somebody_on_call(admin, record["adminEmail"])
        return _reads(admin)


def _plan_maintenance(admin: httpx.Client) -> None:
    """A weekly window of one monitor, which all three APIs show, and a calendar of it."""
    monitor = next(_objects(admin.get("/api/smtp-monitors").json()))["id"]
    weekly = BlackoutBody.EXAMPLE | {"assoc_id": monitor}
    assert admin.post("/api/v3/blackouts", json=weekly).status_code == 200
    assert admin.post("/api/v1/calendar-feeds", json={"name": "Outlook"}).status_code == 200


def _have_somebody_on_call(admin: httpx.Client, person: str) -> None:
    """A rota with an override, and one of each thing by which others hear of an outage."""
    monitor = next(_objects(admin.get("/api/smtp-monitors").json()))["id"]
    rota = admin.post("/api/v1/rotas", json={"name": "First line"}).json()["id"]
    recipient = admin.post("/api/v3/recipients", json=RecipientBody.EXAMPLE).json()["id"]
    now = utc_now()
    override = {"from": now.isoformat(), "to": (now + timedelta(days=1)).isoformat(), "person": person}
    group = {"name": "Mail team", "monitors": [{"id": monitor}], "recipients": [{"id": recipient}]}
    made = [
        admin.post(f"/api/v1/rotas/{rota}/overrides", json=override),
        admin.post(
            "/api/v1/escalation-policies", json={"name": "At night", "steps": [{"afterMinutes": 10, "rotaId": rota}]}
        ),
        admin.post("/api/v3/notifier-groups", json=group),
        admin.post("/api/v3/property", json={"name": "team", "value": "mail", "monitors": [monitor]}),
        admin.patch("/api/package-configs/pro", json=PackageConfigUpdate.EXAMPLE),
    ]
    assert [answer.text for answer in made if not answer.is_success] == []


def _reads(admin: httpx.Client) -> dict[str, str]:
    answers: dict[str, str] = {}
    documented = admin.get("/schema/openapi.json").json()["paths"]
    paths = [path for path, methods in documented.items() if "get" in methods and path not in ELSEWHERE]
    lists: dict[str, list[Any]] = {}
    for path in sorted(set(paths) - STREAMS):
        if "{" not in path:
            # A test needs to know of which monitor.
            one = {"monitor_id": lists["/api/smtp-monitors"][0]["id"]} if path == "/api/v3/tests" else None
            answer = admin.get(path, params=one)
            answers[path] = _text(path, answer)
            if answer.headers["content-type"].startswith("application/json"):
                lists[path] = list(_objects(answer.json()))
    for path in sorted(path for path in set(paths) if "{" in path):
        collection, _, rest = path.partition("/{")
        name, _, rest = rest.partition("}")
        things = lists[LISTED_BY.get(collection, collection)] or lists[collection.removesuffix("s")]
        key = "publicId" if name == "public_id" and not path.startswith("/api/v1/") else KEYS.get(name, "id")
        numbers = {thing.get(key) for thing in things} - {None}
        if collection == "/api/v3/monitors":
            numbers = {one["id"] for group in ("smtp", "imap-pop") for one in lists[f"/api/{group}-monitors"]}
        assert numbers, f"nothing to read at {path}"
        for number in numbers:
            answers[f"{collection}/{number}{rest}"] = _text(path, admin.get(f"{collection}/{number}{rest}"))
    return answers


def _text(path: str, answer: httpx.Response) -> str:
    assert answer.status_code == 200, (path, answer.text)
    return answer.text


def _objects(answer: Any) -> Iterator[Any]:
    """The items of a list, however it is wrapped, or the single object."""
    items = answer if isinstance(answer, list) else next((of for of in answer.values() if isinstance(of, list)), answer)
    return (one for one in (items if isinstance(items, list) else [items]) if isinstance(one, dict))


def test_no_password_and_no_key_is_on_the_broker_in_the_database_in_logs_or_in_answers(
    new_product: Product, postfix: Postfix, dovecot: Dovecot
) -> None:
    product = new_product
    product.settings = {"MAILPROBE_LOG_LEVEL": "debug"}
    product.start()
    record, secrets = product.record, secret_forms(product)
    known = {
        "no secret: sealed logins": [b"sealedLogin"],
        "no secret: the user": [FULL.encode()],
        "no secret: a login that passed": [b"235 2.7.0 Authentication successful"],
    }
    with Eavesdropper(recorded(record), product.data / "nats", secrets | known) as search:
        made = monitors(product, postfix, dovecot)
        known["no secret: a monitor"] = [monitor.encode() for monitor in made]
        search.watch_for(known)
        eventually(lambda: checked(product, made), "all are checked", INCIDENT_SECONDS)
        for group, answers in (("database", asyncio.run(rows(record["databaseUrl"]))), ("answer", reads(product))):
            for name, text in answers.items():
                search.search(f"{group} {name}", text.encode())
    product.stop()
    own = {product.data / name for name in ("trust.json", "vault.key", "token", "password")}
    search.search_files(product.data, without={*own, *(product.data / "enrolments").iterdir()})
    for line in product.output().splitlines():
        search.search(f"log of {line.partition(' ')[0]}", line.encode())

    found = {name: where for name, where in search.found.items() if not name.startswith("no secret")}
    assert found == {}
    sealed, user, dialogue, monitor = (search.found[name] for name in known)
    assert any(where.startswith("message on mailprobe.check.") for where in sealed)
    assert any(where.startswith("file jetstream/") for where in sealed)
    assert any(where.startswith("database public.monitor") for where in user)
    assert any(where.startswith("answer /api/smtp-monitors/") for where in user)
    assert "database public.last_good" in dialogue
    assert {"log of controller", "log of agent-de", "log of agent-us"} <= monitor
