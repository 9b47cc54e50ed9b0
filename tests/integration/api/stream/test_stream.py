"""Streams of server-sent events: what they send, their filters, and the requests they refuse."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from controller.model import Role
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.events import VerdictEvent
from shared.wire.failures import FailureSource
from shared.wire.messages import Event
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.people import organization_of, person
from tests.integration.api.stream.stream_client import EVENTS, RESULTS, a_verdict, an_event, ids, open_streams

MISSING = "44444444-4444-4444-8444-444444444444"


async def test_a_result_is_sent_as_it_is_stored_on_the_broker(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus) as streams, streams.listen() as listener:
        headers = listener.answer.headers
        assert headers["content-type"] == "text/event-stream"
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-cache", "no")
        event = await streams.publish()
        block = await listener.event()
        assert (block.event, block.data.encode()) == ("result", msgspec.json.encode(event))
        assert block.id == streams.id_of(1)


async def test_messages_that_are_no_valid_events_are_skipped(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus) as streams, streams.listen(RESULTS, {"kind": "smtp"}) as listener:
        await bus.publish(Message("mailprobe.event.x", b"{}", "short"))
        event = an_event()
        subject = subjects.event(event.organization_id, event.customer_id, event.monitor_id, "result")
        await bus.publish(Message(subject, b"no json", "broken"))
        pretty = msgspec.json.format(msgspec.json.encode(event))
        assert b"\n" in pretty
        await bus.publish(Message(subject, pretty, "pretty"))
        block = await listener.event()
        assert msgspec.json.decode(block.data) == msgspec.json.decode(pretty)
        assert block.sequence == 3


async def test_results_and_events_are_two_streams_and_events_are_filtered_by_type(api: Api, bus: Bus) -> None:
    async with (
        open_streams(api, bus) as streams,
        streams.listen(RESULTS) as results,
        streams.listen(EVENTS) as everything,
        streams.listen(EVENTS, {"type": "verdict,incident"}) as verdicts,
    ):
        published = [await streams.publish(), await streams.publish(a_verdict()), await streams.publish()]
        names = [str(each.event_id) for each in published]
        assert ids(await results.events_up_to(3)) == [names[0], names[2]]
        found = await everything.events_up_to(3)
        assert ids(found) == names
        assert [block.event for block in found] == ["result", "verdict", "result"]
        assert ids(await verdicts.events_up_to(3)) == [names[1]]


@pytest.mark.parametrize(
    ("query", "matching"),
    [
        pytest.param({}, "abcdefv", id="no filter: everything"),
        pytest.param({"country": "de"}, "abcdf", id="a country, which no verdict has"),
        pytest.param({"country": "DE,US"}, "abcdef", id="countries"),
        pytest.param({"location": "us"}, "e", id="a location"),
        pytest.param({"kind": "imap"}, "cv", id="a kind, which verdicts have too"),
        pytest.param({"kind": "imap, pop3"}, "cdv", id="kinds, with a space"),
        pytest.param({"status": "failure"}, "b", id="a status"),
        pytest.param({"status": "failure,unknown"}, "bf", id="statuses"),
        pytest.param({"customerId": CUSTOMER}, "abcdev", id="a customer by its public id"),
        pytest.param({"customerId": "{other}"}, "f", id="a customer by its number"),
        pytest.param({"customerId": f"{CUSTOMER},{OTHER_CUSTOMER}"}, "abcdefv", id="customers"),
        pytest.param({"monitor": "{monitor}"}, "a", id="a monitor"),
        pytest.param({"monitor": "{monitor}", "status": "failure"}, "", id="all filters must match"),
    ],
)
async def test_a_filter_selects_live_and_stored_events(
    api: Api, bus: Bus, query: dict[str, str], matching: str
) -> None:
    monitor = await api.create()
    await _locations(api)
    events: dict[str, Event | VerdictEvent] = {
        "a": an_event(monitor=UUID(monitor["publicId"])),
        "b": an_event(source=FailureSource.TARGET),
        "c": an_event(kind="imap"),
        "d": an_event(kind="pop3"),
        "e": an_event(country="US"),
        "f": an_event(customer=OTHER_CUSTOMER, source=FailureSource.AGENT),
        "v": a_verdict(kind="imap"),
    }
    given = {name: value.format(other=api.other_customer, monitor=monitor["publicId"]) for name, value in query.items()}
    async with open_streams(api, bus) as streams, streams.listen(EVENTS, given) as live:
        for event in events.values():
            await streams.publish(event)
        names = [str(events[letter].event_id) for letter in matching]
        assert ids(await live.events_up_to(len(events))) == names
        async with streams.listen(EVENTS, given, last=streams.id_of(0)) as again:
            assert ids(await again.events_up_to(len(events))) == names


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        pytest.param(
            {"status": "ok"}, 400, 'status must be one of success, failure, unknown, not "ok"', id="an unknown status"
        ),
        pytest.param(
            {"kind": "smtp,ldap"}, 400, 'kind must be one of smtp, imap, pop3, not "ldap"', id="an unknown kind"
        ),
        pytest.param(
            {"country": "DE,XX"},
            400,
            'country must hold ISO 3166-1 alpha-2 country codes: "XX" is not one',
            id="an unknown country",
        ),
        pytest.param(
            {"location": "de,atlantis"},
            400,
            'location must hold codes of locations: "atlantis" is not one',
            id="an unknown location",
        ),
        pytest.param(
            {"country": "DE,,US"},
            400,
            "country must hold values with commas between them, none of them empty",
            id="an empty value",
        ),
        pytest.param(
            {"kind": ""},
            400,
            "kind must hold values with commas between them, none of them empty",
            id="an empty filter",
        ),
        pytest.param({"location": "x," * 50 + "y"}, 400, None, id="an unknown location many times"),
        pytest.param(
            {"location": ",".join(map(str, range(51)))},
            400,
            "location must hold 50 values at most",
            id="more than 50 values",
        ),
        pytest.param({"customerId": "x"}, 400, "Invalid Customer identifier", id="a malformed customer"),
        pytest.param({"customerId": "999999"}, 400, "Invalid Customer identifier", id="an unknown customer"),
        pytest.param(
            {"customerId": STRANGE_CUSTOMER},
            400,
            "Invalid Customer identifier",
            id="a customer of another organization",
        ),
        pytest.param({"monitor": "x"}, 400, "monitor must hold public UUIDs of monitors", id="a malformed monitor"),
        pytest.param({"monitor": MISSING}, 404, "Not found", id="an unknown monitor"),
        pytest.param(
            {"lastEventId": "17"},
            400,
            "lastEventId must be an id from this stream, such as 19a0c3f5e80-4711",
            id="a malformed event id",
        ),
        pytest.param(
            {"type": "pause"},
            400,
            "type must be one of result, verdict, incident, gap, maintenance, delivery, configuration, fact,"
            ' not "pause"',
            id="an unknown type",
        ),
    ],
)
async def test_a_wrong_filter_is_refused_by_name_and_rule(
    api: Api, bus: Bus, query: dict[str, str], status: int, message: str | None
) -> None:
    await _locations(api)
    async with open_streams(api, bus) as streams:
        refused = await streams.refused(EVENTS, query)
        assert refused[0] == status
        assert message in (None, refused[1])
        assert not streams.hub.streams()


async def test_a_malformed_last_event_id_is_refused_by_the_name_of_the_header(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus) as streams:
        headers = {"Authorization": api.client.headers["Authorization"], "Last-Event-ID": "x"}
        assert await streams.refused(headers=headers) == (
            400,
            "Last-Event-ID must be an id from this stream, such as 19a0c3f5e80-4711",
        )


async def test_a_caller_without_a_valid_credential_gets_no_stream(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus) as streams:
        for headers in ({}, {"Authorization": f"Bearer {api.expired_token}"}, {"Cookie": "mailprobe_session=x"}):
            for path in (RESULTS, EVENTS):
                assert await streams.refused(path, headers=headers) == (401, "Unauthorized")


@pytest.mark.parametrize("path", [RESULTS, EVENTS])
async def test_an_unknown_parameter_is_refused_and_not_ignored(api: Api, bus: Bus, path: str) -> None:
    """If a misspelled filter were ignored, the stream would send everything."""
    strange = str(await organization_of(api, "Strange"))
    async with open_streams(api, bus) as streams:
        for name in ("Status", "foo", *(["type"] if path == RESULTS else [])):
            status, message = await streams.refused(path, {name: "failure"})
            assert status == 400
            assert message.startswith(f"{name} is not a parameter of this route: country, customerId, kind, ")
        assert await streams.refused(path, {"status": ["failure", "success"]}) == (
            400,
            "status is given more than once: separate several values by commas",
        )
        assert await streams.refused(path, {"organizationId": strange}) == (403, "Forbidden")
        assert await streams.refused(path, {"organizationId": "x"}) == (400, "Invalid organizationId")


async def test_a_browser_listens_with_the_cookie_of_its_session(api: Api, bus: Bus) -> None:
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with open_streams(api, bus) as streams, streams.listen(headers=user.headers) as listener:
        event = await streams.publish()
        assert ids(await listener.events(1)) == [str(event.event_id)]


async def _locations(api: Api) -> None:
    await api.value(
        "INSERT INTO location (code, name, country_code, public_key)"
        " VALUES ('de', 'Germany', 'DE', 'x'), ('us', 'States', 'US', 'x') ON CONFLICT DO NOTHING"
    )
