"""Two notifications have the same receiver in Python when they have it in SQL."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.decisions.notification.receiver_key import receiver_key
from tests.integration.store.conftest import Store

# Which other letters have a lower case, is a matter of the database's locale.
TEXTS = st.text(st.characters(min_codepoint=1, max_codepoint=126) | st.sampled_from("漢字☎½"), max_size=20)
CASES = st.tuples(st.sampled_from(["email", "sms", "webhook", "slack"]) | TEXTS, TEXTS, st.integers(1, 2**63 - 1))


@given(cases=st.lists(CASES, max_size=60))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_key_is_the_same_in_python_and_sql(store: Store, cases: list[tuple[str, str, int]]) -> None:
    kinds, receivers, channels = ([case[n] for case in cases] for n in range(3))
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT receiver_key(kind, receiver, channel_id) AS key
            FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS one (kind, receiver, channel_id, place)
            ORDER BY place
            """,
            kinds,
            receivers,
            channels,
        )
    assert [row["key"] for row in rows] == [receiver_key(*case) for case in cases]


async def test_an_address_without_a_channel_has_the_key_of_one_with_a_channel(store: Store) -> None:
    async with store.database.connection() as connection:
        key = await connection.fetchval("SELECT receiver_key('email', 'Ops@Example.net', NULL)")
    assert key == receiver_key("email", "ops@example.NET", None) == receiver_key("email", "ops@example.net", 7)


async def test_statements_with_the_key_use_the_index(store: Store) -> None:
    async with store.database.transaction() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(
            """
            EXPLAIN SELECT FROM delivery
            WHERE state = 'waiting' AND incident_id = 1 AND receiver_key(type, receiver, channel_id) = 'email a@b.test'
            """
        )
    text = "\n".join(row["QUERY PLAN"] for row in plan)
    [condition] = [line for line in text.splitlines() if "Index Cond" in line]
    assert "delivery_of_receiver" in text
    assert "lower(receiver)" in condition, text
