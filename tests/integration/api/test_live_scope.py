"""Who is told what: every role and scope, live and from the past, over both streams."""

from __future__ import annotations

from uuid import UUID

from controller.model import Role
from shared.nats.bus import Bus
from tests.integration.api.conftest import OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.live_desk import EVENTS, RESULTS, Desk, an_event, ids, on_air
from tests.integration.api.people import organization_of, person
from tests.integration.api.roles import WHO, all_roles


async def test_each_role_is_told_what_it_reaches_and_no_more(api: Api, bus: Bus) -> None:
    """Live and from the past, over both streams, whichever customer it asks for."""
    strange = str(await api.value("SELECT public_id FROM organization WHERE name = 'Strange'"))
    async with all_roles(api) as everybody, on_air(api, bus) as desk:
        events = {
            "own": an_event(),
            "other": an_event(customer=OTHER_CUSTOMER),
            "strange": an_event(organization=strange, customer=STRANGE_CUSTOMER),
        }
        for event in events.values():
            await desk.tell(event)
        await _followed(desk, 3)
        for name, who in WHO.items():
            seen: set[str] = set()
            for organization in ("Ours", "Strange"):
                query = {"organizationId": str(everybody.organizations[organization])}
                if organization == "Strange" and not who.everywhere:
                    query = {}
                for path in (RESULTS, EVENTS):
                    async with desk.listening(
                        path, query, last=desk.id_of(0), headers=everybody.headers[name]
                    ) as listener:
                        found = ids(await listener.events_up_to(3))
                    assert len(found) == len(set(found))
                    seen |= {where for where, event in events.items() if str(event.event_id) in found}
            assert seen == set(who.reaches), name


async def test_another_customer_of_the_organization_is_refused_to_who_is_limited(api: Api, bus: Bus) -> None:
    async with on_air(api, bus) as desk:
        headers = {"Authorization": f"Bearer {api.customer_token}"}
        assert await desk.refused(RESULTS, {"customerId": OTHER_CUSTOMER}, headers=headers) == (403, "Forbidden")
        theirs = await api.create(customerId=OTHER_CUSTOMER)
        assert await desk.refused(RESULTS, {"monitor": theirs["publicId"]}, headers=headers) == (403, "Forbidden")


async def test_a_global_admin_must_name_the_organization(api: Api, bus: Bus) -> None:
    boss = await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))
    async with on_air(api, bus) as desk:
        status, message = await desk.refused(headers=boss.headers)
        assert (status, message) == (400, "Organization ID is required in the authenticated session")
        ours = await api.create()
        strange = str(await organization_of(api, "Strange"))
        assert await desk.refused(
            RESULTS, {"organizationId": strange, "monitor": ours["publicId"]}, headers=boss.headers
        ) == (
            404,
            "Not found",
        )


async def test_a_monitor_that_moved_is_told_to_whom_its_event_belongs(api: Api, bus: Bus) -> None:
    monitor = UUID((await api.create())["publicId"])
    async with (
        on_air(api, bus) as desk,
        desk.listening(headers={"Authorization": f"Bearer {api.customer_token}"}) as listener,
    ):
        before = await desk.tell(monitor=monitor)
        await desk.tell(monitor=monitor, customer=OTHER_CUSTOMER)
        assert ids(await listener.events_up_to(2)) == [str(before.event_id)]


async def _followed(desk: Desk, sequence: int) -> None:
    async with desk.listening() as listener:
        await listener.events_up_to(sequence)
