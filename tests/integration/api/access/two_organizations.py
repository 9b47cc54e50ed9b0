"""An organization with one of everything, each named with MARK, and people and tokens of another organization."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from controller.model import Role
from shared.epoch import to_ms
from shared.wire.rounds import Purpose, check_id
from tests.integration.api.changed_facts import add_change, add_fact
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.outages import add_delivery, group_of, make_locations, outage
from tests.integration.api.people import organization_of, person

MARK = "quietharbour"
"""It is in every name, address and text of the first organization."""
EXTERNAL_KEY = "mail"
"""The key of the SMTP monitor in the project MARK."""


_PUBLIC_ID_OF_CHANNEL = "SELECT public_id::text FROM notification_channel WHERE id = $1"
_PUBLIC_ID_OF_TOKEN = "SELECT public_id::text FROM api_token WHERE id = $1"


@dataclass
class Harbour:
    """The organization whose things nobody else may see. `ids` are by the path's parameter, as `_of` finds them."""

    number: int
    public_id: str
    customer: dict[str, Any]
    monitors: dict[str, dict[str, Any]]
    incident: str
    check: str
    channel: int
    window: int
    tag: int
    user: str
    session: str
    token: int
    customer_token: int
    trial: str
    discovery: str
    group: int
    custom_property: int
    public_ids: dict[str, str]
    secrets: list[str] = field(default_factory=list)

    @property
    def marks(self) -> list[str]:
        """What an answer to somebody else must not hold."""
        known = [
            self.public_id,
            self.incident,
            self.check,
            self.user,
            self.trial,
            self.discovery,
            str(self.customer["publicId"]),
        ]
        known += self.public_ids.values()
        return [MARK, *known, *(monitor["publicId"] for monitor in self.monitors.values()), *self.secrets]

    def filled(self, path: str) -> str:
        """The path of a route with this organization's identifiers. A route with a new parameter raises LookupError."""
        parts = path.split("/")
        for index, part in enumerate(parts):
            if part.startswith("{"):
                parts[index] = self._of(path, part.strip("{}"))
        return "/".join(parts)

    def _of(self, path: str, parameter: str) -> str:
        kind = path.split("{")[0]
        smtp = self.monitors["smtp"]
        found: dict[tuple[str, str], object] = {
            ("/api/smtp-monitors/", "public_id"): smtp["publicId"],
            ("/api/imap-pop-monitors/", "public_id"): self.monitors["imap"]["publicId"],
            ("/api/v3/monitors/", "id"): smtp["id"],
            ("/api/v3/monitors/email-smtp/", "id"): smtp["id"],
            ("/api/v3/monitors/email-imap/", "id"): self.monitors["imap"]["id"],
            ("/api/v3/monitors/email-pop/", "id"): self.monitors["pop3"]["id"],
            ("/monitors/", "public_id"): smtp["publicId"],
            ("/api/v1/monitors/", "public_id"): smtp["publicId"],
            ("/api/v1/monitors/by-key/", "project"): MARK,
            ("/api/v1/monitors/by-key/", "external_key"): EXTERNAL_KEY,
            ("/monitors/", "monitor_id"): smtp["publicId"],
            ("/monitors/", "check_id"): self.check,
            ("/api/incidents/", "public_id"): self.incident,
            ("/incidents/", "public_id"): self.incident,
            ("/incident-groups/", "public_id"): self.public_ids["incident_group"],
            ("/api/v1/incident-groups/", "public_id"): self.public_ids["incident_group"],
            ("/api/customers/", "customer_id"): self.customer["publicId"],
            ("/api/notification-channels/", "channel_id"): self.channel,
            ("/api/maintenance-windows/", "window_id"): self.window,
            ("/api/escalation-config/", "organization_path"): self.public_id,
            ("/api/package-configs/", "package_type"): "of-nobody",
            ("/ack/", "token"): "A" * 22,
            ("/unsubscribe/", "token"): "A" * 22,
            ("/settings/packages/", "number"): "0",
            ("/api/organization/tokens/", "token_id"): self.token,
            ("/api/v1/trials/", "public_id"): self.trial,
            ("/api/v1/discoveries/", "public_id"): self.discovery,
            ("/monitors/new/find/", "discovery_id"): self.discovery,
            ("/monitors/trials/", "trial_id"): self.trial,
            ("/api/v1/locations/", "code"): "of-nobody",
            ("/locations/", "code"): "of-nobody",
            ("/api/customer/tokens/", "token_id"): self.customer_token,
            ("/api/organizations/", "public_id"): self.public_id,
            ("/api/v1/organizations/", "public_id"): self.public_id,
            ("/api/v1/customers/", "public_id"): self.customer["publicId"],
            ("/api/v1/incidents/", "public_id"): self.incident,
            ("/api/users/", "public_id"): self.user,
            ("/login/sign-on/", "public_id"): self.public_id,
            ("/api/v1/users/", "public_id"): self.user,
            ("/settings/people/", "public_id"): self.user,
            ("/policies/customers/", "public_id"): self.customer["publicId"],
            ("/help/", "name"): "no-kind-of-failure",
            ("/settings/tokens/", "public_id"): self.public_ids["token"],
            ("/settings/customers/", "public_id"): self.customer["publicId"],
            ("/api/v1/channels/", "public_id"): self.public_ids["channel"],
            ("/api/v1/channels/", "address"): f"a@{MARK}.example.com",
            ("/api/v1/tokens/", "public_id"): self.public_ids["token"],
            ("/api/v1/screens/", "public_id"): self.public_ids["screen"],
            ("/settings/screens/", "public_id"): self.public_ids["screen"],
            ("/api/v1/account/sessions/", "public_id"): self.session,
            ("/api/v1/saved-filters/", "public_id"): self.public_ids["filter"],
            ("/api/v1/maintenance-windows/", "public_id"): self.public_ids["window"],
            ("/api/v3/blackouts/", "id"): self.window,
            ("/api/v3/recipients/", "id"): self.channel,
            ("/api/v3/notifier-groups/", "id"): self.group,
            ("/api/v3/properties/", "id"): self.custom_property,
            ("/api/v1/recipient-groups/", "public_id"): self.public_ids["group"],
            ("/api/v1/packages/", "key"): "of-nobody",
            **{
                (f"/api/v3/report-api/{name}/", "customer_id"): self.customer["id"]
                for name in ("detail", "outage", "sla", "sitestatus")
            },
            ("/settings/recipient-groups/", "public_id"): self.public_ids["group"],
            ("/hooks/", "service"): "pagerduty",
            ("/hooks/", "channel_id"): self.public_ids["channel"],
            ("/settings/channels/", "public_id"): self.public_ids["channel"],
            ("/maintenance/", "public_id"): self.public_ids["window"],
            ("/api/v1/calendar-feeds/", "public_id"): self.public_ids["feed"],
            ("/maintenance/calendar-feeds/", "public_id"): self.public_ids["feed"],
            ("/settings/saved-filters/", "public_id"): self.public_ids["filter"],
            ("/api/v1/escalation-policies/", "public_id"): self.public_ids["escalation"],
            ("/settings/escalation/", "public_id"): self.public_ids["escalation"],
            ("/api/v1/rotas/", "public_id"): self.public_ids["rota"],
            ("/api/v1/rotas/", "override_id"): self.public_ids["override"],
            ("/settings/rotas/", "public_id"): self.public_ids["rota"],
            ("/settings/rotas/", "override_id"): self.public_ids["override"],
        }
        if (kind, parameter) not in found:
            raise LookupError(f"say in two_organizations.py what {parameter} of {path} is")
        return str(found[kind, parameter])


async def furnish(api: Api) -> Harbour:
    """Make the organization by the API, as its people would."""
    ours = await organization_of(api, "Ours")
    admin = await person(api, Role.GLOBAL_ADMIN, organization=ours)
    async with client_of(api.application) as client:
        client.headers.update(admin.headers)

        async def send(method: str, path: str, body: Any) -> Any:
            answer = await client.request(method, path, json=body, params={"organizationId": number})
            assert answer.status_code == 200, (path, answer.text)
            return answer.json()

        made = await client.post("/api/v1/organizations", json={"name": f"{MARK} {uuid4().hex}"})
        number = made.json()["number"]
        body = {"name": f"{MARK} customer", "email": f"a@{MARK}.example.com", "organizationId": number}
        customer = (await send("POST", "/api/customers", body))["customer"]
        one = {"customerId": customer["publicId"], "name": f"{MARK} monitor", "hostname": f"mail.{MARK}.example.com"}
        one["notes"] = f"{MARK} notes"
        smtp = await send("POST", "/api/smtp-monitors", one)
        key = {"project": MARK, "externalKey": EXTERNAL_KEY}
        await send("PATCH", f"/api/v1/monitors/{smtp['publicId']}", key)
        mailbox = {"protocol": "imap", "username": f"{MARK}@example.com", "password": "p"}
        imap = await send("POST", "/api/imap-pop-monitors", {**one, "imapPopConfig": mailbox})
        pop3 = await send("POST", "/api/imap-pop-monitors", {**one, "imapPopConfig": mailbox | {"protocol": "pop3"}})
        alert = {"type": "email", "name": f"{MARK} channel", "config": {"email": f"b@{MARK}.example.com"}}
        channel = (await send("POST", "/api/notification-channels", alert))["id"]
        members = {"monitors": [{"id": smtp["id"]}], "recipients": [{"id": channel}]}
        group = int((await send("POST", "/api/v3/notifier-groups", {"name": f"{MARK} group", **members}))["id"])
        label = {"name": f"{MARK} label", "value": MARK, "monitors": [smtp["id"]]}
        custom_property = int((await send("POST", "/api/v3/property", label))["id"])
        times = {"startTime": "2027-01-05T22:00:00Z", "endTime": "2027-01-05T23:00:00Z"}
        planned = {"name": f"{MARK} window", "smtpMonitorId": smtp["id"], **times}
        window = await send("POST", "/api/maintenance-windows", planned)
        tag = await send("POST", "/api/tags", {"name": f"{MARK} tag", "color": "red"})
        tagged = {"monitorType": "smtp", "monitorId": smtp["id"], "tagId": tag["id"]}
        await send("POST", "/api/monitor-tags", tagged)
        token = await send("POST", "/api/organization/tokens", {"name": f"{MARK} token"})
        limited = {"name": f"{MARK} token", "customerId": customer["publicId"]}
        customer_token = await send("POST", "/api/customer/tokens", limited)
        shown = {"name": f"{MARK} screen", "wall": {"customerId": customer["publicId"]}}
        screen = (await client.post("/api/v1/screens", json=shown, params={"organizationId": number})).json()
        user = (await send("POST", "/api/users", {"email": f"{uuid4().hex}@{MARK}.example.com"}))["user"]
        await send("PATCH", "/api/organization/policy", {"quorum": "all"})
        tried = {"kind": "smtp", "host": f"mail.{MARK}.example.com"}
        begun = await client.post("/api/v1/trials", json={"target": tried}, params={"organizationId": number})
        trial = begun.json()["id"]
        meant = {"address": f"mail.{MARK}.example.com:587"}
        begun = await client.post("/api/v1/discoveries", json=meant, params={"organizationId": number})
        discovery = begun.json()["id"]
        saved = {"name": f"{MARK} filter", "query": f"q={MARK}", "shared": True}
        filtering = await client.post("/api/v1/saved-filters", json=saved, params={"organizationId": number})
        within = {"organizationId": number}
        rota = (await client.post("/api/v1/rotas", json={"name": f"{MARK} rota"}, params=within)).json()
        steps = [{"afterMinutes": 5, "rotaId": rota["id"]}]
        named = {"name": f"{MARK} escalation", "customerId": customer["publicId"], "steps": steps}
        escalation = (await client.post("/api/v1/escalation-policies", json=named, params=within)).json()
        feeding = {"name": f"{MARK} feed"}
        feed = (await client.post("/api/v1/calendar-feeds", json=feeding, params={"organizationId": number})).json()
    await make_locations(api)
    found = await outage(api, smtp)
    await add_delivery(api, found, f"{MARK} channel", None, f"{MARK} refused it")
    await api.value("UPDATE delivery SET channel_id = $1 WHERE channel_name = $2", channel, f"{MARK} channel")
    await add_fact(api, smtp, "de-nbg", "greeting", MARK)
    await add_change(api, smtp, fact="greeting", before=None, after=MARK)
    incident_group = await group_of(api, found, cause=f"mail.{MARK}.example.com")
    session = await api.value(
        "INSERT INTO session (token_hash, account_id, cookie, idle_until, expires_at)"
        " SELECT uuid_send(gen_random_uuid()), id, true, now() + interval '1 h', now() + interval '1 h'"
        " FROM account WHERE public_id = $1::uuid"
        " RETURNING public_id::text",
        user["publicId"],
    )
    override = await api.value(
        "INSERT INTO rota_override (rota_id, from_at, to_at, channel_id)"
        " SELECT id, now(), now() + interval '1 h', $2 FROM rota WHERE public_id = $1::uuid RETURNING public_id::text",
        rota["id"],
        channel,
    )
    return Harbour(
        number=number,
        public_id=made.json()["id"],
        customer=customer,
        monitors={"smtp": smtp, "imap": imap, "pop3": pop3},
        incident=str(found.incident.public_id),
        check=str(check_id(UUID(smtp["publicId"]), to_ms(found.began), "de-nbg", Purpose.SCHEDULED)),
        channel=channel,
        window=window["id"],
        tag=tag["id"],
        user=user["publicId"],
        session=session,
        token=token["id"],
        customer_token=customer_token["id"],
        trial=trial,
        discovery=discovery,
        group=group,
        custom_property=custom_property,
        public_ids={
            "group": await api.value("SELECT public_id::text FROM recipient_group WHERE id = $1", group),
            "channel": await api.value(_PUBLIC_ID_OF_CHANNEL, channel),
            "token": await api.value(_PUBLIC_ID_OF_TOKEN, token["id"]),
            "screen": screen["id"],
            "filter": filtering.json()["id"],
            "window": window["publicId"],
            "feed": feed["id"],
            "rota": rota["id"],
            "escalation": escalation["id"],
            "override": override,
            "incident_group": incident_group,
        },
        secrets=[token["token"], customer_token["token"], *(one["url"].partition("=")[2] for one in (screen, feed))],
    )


@asynccontextmanager
async def open_strangers(api: Api) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A client for each caller who must not see the organization. The first organization runs the installation."""
    strange, operating = await organization_of(api, "Strange"), await organization_of(api, "Ours")
    headers = {
        "a token": {"Authorization": f"Bearer {api.strange_token}"},
        "an admin": (await person(api, Role.ADMIN, organization=strange)).headers,
        "somebody who only reads": (await person(api, Role.READONLY, organization=strange)).headers,
        "an admin of the organization that runs the installation": (
            await person(api, Role.ADMIN, organization=operating)
        ).headers,
    }
    async with AsyncExitStack() as stack:
        clients = {}
        for name, given in headers.items():
            clients[name] = await stack.enter_async_context(client_of(api.application))
            clients[name].headers.update(given)
        yield clients
