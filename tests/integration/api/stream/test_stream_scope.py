"""Every role and scope on both streams, for live and for stored events."""

from __future__ import annotations

from uuid import UUID

from controller.model import Role
from shared.nats.bus import Bus
from tests.integration.api.access.roles import RIGHTS, open_caller_clients
from tests.integration.api.conftest import OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.people import organization_of, person
from tests.integration.api.stream.stream_client import (
    EVENTS,
    RESULTS,
    STREAM,
    StreamClient,
    an_event,
    ids,
    open_streams,
)


async def test_each_role_receives_the_events_in_its_reach_and_no_others(api: Api, bus: Bus) -> None:
    """Every caller reads the stored events of both organizations on both streams."""
    strange = str(await api.value("SELECT public_id FROM organization WHERE name = 'Strange'"))
    async with open_caller_clients(api) as clients, open_streams(api, bus) as streams:
        events = {
            "own": an_event(),
            "other": an_event(customer=OTHER_CUSTOMER),
            "strange": an_event(organization=strange, customer=STRANGE_CUSTOMER),
        }
        for event in events.values():
            await streams.publish(event)
        await _wait_for_event(streams, 3)
        for name, rights in RIGHTS.items():
            reached: set[str] = set()
            for organization in ("Ours", "Strange"):
                query = {"organizationId": str(clients.organizations[organization])}
                if organization == "Strange" and not rights.all_organizations:
                    query = {}
                for path in (RESULTS, EVENTS, STREAM):
                    async with streams.listen(
                        path, query, last=streams.id_of(0), headers=clients.headers[name]
                    ) as listener:
                        found = ids(await listener.events_up_to(3))
                    assert len(found) == len(set(found))
                    reached |= {customer for customer, event in events.items() if str(event.event_id) in found}
            assert reached == set(rights.customers), name


async def test_a_token_of_one_customer_is_refused_the_streams_of_another_customer(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus) as streams:
        headers = {"Authorization": f"Bearer {api.customer_token}"}
        assert await streams.refused(RESULTS, {"customerId": OTHER_CUSTOMER}, headers=headers) == (403, "Forbidden")
        theirs = await api.create(customerId=OTHER_CUSTOMER)
        assert await streams.refused(RESULTS, {"monitor": theirs["publicId"]}, headers=headers) == (403, "Forbidden")


async def test_a_global_admin_must_name_the_organization(api: Api, bus: Bus) -> None:
    admin = await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))
    async with open_streams(api, bus) as streams:
        status, message = await streams.refused(headers=admin.headers)
        assert (status, message) == (400, "Organization ID is required in the authenticated session")
        ours = await api.create()
        strange = str(await organization_of(api, "Strange"))
        assert await streams.refused(
            RESULTS, {"organizationId": strange, "monitor": ours["publicId"]}, headers=admin.headers
        ) == (
            404,
            "Not found",
        )


async def test_an_event_is_sent_to_the_customer_that_it_names(api: Api, bus: Bus) -> None:
    monitor = UUID((await api.create())["publicId"])
    async with (
        open_streams(api, bus) as streams,
        streams.listen(headers={"Authorization": f"Bearer {api.customer_token}"}) as listener,
    ):
        before = await streams.publish(monitor=monitor)
        await streams.publish(monitor=monitor, customer=OTHER_CUSTOMER)
        assert ids(await listener.events_up_to(2)) == [str(before.event_id)]


async def _wait_for_event(streams: StreamClient, sequence: int) -> None:
    async with streams.listen() as listener:
        await listener.events_up_to(sequence)
