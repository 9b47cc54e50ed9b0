"""What a change returns is what the database holds afterwards, though only what the database sets is read back."""

from __future__ import annotations

import msgspec

from controller.model import Role
from controller.store.accounts import customers, organizations, people
from controller.store.accounts.customers import NewCustomer
from controller.store.accounts.people import NewAccount
from controller.store.notifications import channels
from controller.store.notifications.channels import NewChannel
from tests.integration.store.conftest import Store


async def test_a_customer(store: Store) -> None:
    new = NewCustomer(
        organization_id=store.organization,
        name="E",
        status="marked_for_cancellation",
        allowed_check_country_codes=["DE", "US"],
        custom_fields={"a": [1, {"b": None}]},
    )
    made = await customers.insert(store.database, new)
    assert made.cancelled_at is not None
    assert made == await customers.customer_of(store.database, store.organization, made.public_id)
    changed = await customers.change(
        store.database, made.id, lambda old: msgspec.structs.replace(old, status="active", custom_fields=None)
    )
    assert changed is not None
    assert changed == await customers.customer_of(store.database, None, made.id)
    assert changed == msgspec.structs.replace(
        made, status="active", custom_fields=None, cancelled_at=None, updated_at=changed.updated_at
    )
    assert await customers.change(store.database, made.id + 1, lambda old: old) is None


async def test_an_organization(store: Store) -> None:
    changed = await organizations.change(
        store.database,
        store.organization,
        lambda old: msgspec.structs.replace(old, city="Berlin", default_notification_targets={"x": [1.5]}),
    )
    assert changed is not None
    assert changed.city == "Berlin"
    assert changed == await organizations.by_id(store.database, store.organization)
    assert changed == await organizations.by_public_id(store.database, store.organization, changed.public_id)
    assert changed == await organizations.by_public_id(store.database, None, changed.public_id)
    assert await organizations.by_public_id(store.database, store.organization + 1, changed.public_id) is None
    assert await organizations.change(store.database, store.organization + 1, lambda old: old) is None


async def test_an_account(store: Store) -> None:
    new = NewAccount(
        organization_id=store.organization,
        email="A@example.net",
        first_name=None,
        last_name="A",
        role=Role.USER,
        customer_ids=[store.customer],
        password_hash="$argon2id$x",
    )
    made = await people.insert(store.database, new)
    assert made is not None
    assert made == await people.by_identifier(store.database, made.id)
    changed = await people.change(
        store.database,
        made.id,
        lambda old: msgspec.structs.replace(old, role=Role.ADMIN, customer_ids=None),
        password_hash=None,
    )
    assert changed is not None
    assert changed.role is Role.ADMIN
    assert changed == await people.by_identifier(store.database, made.public_id)
    assert await people.lock(store.database, [made.id]) == {made.id: changed}


async def test_a_channel(store: Store) -> None:
    """Of the organization, of a customer and of a customer's monitor."""
    monitor = await store.monitor(customer_id=store.other_customer)
    owners = {}
    for customer_id, monitor_id in ((None, None), (store.customer, None), (None, monitor.id)):
        new = NewChannel(
            organization_id=store.organization,
            customer_id=customer_id,
            monitor_id=monitor_id,
            type="webhook",
            name="Hook",
            config={"url": "https://hooks.example.com/x", "headers": {}},
            conditions={"minIncidentDuration": 300},
        )
        made = await channels.insert(store.database, new)
        assert made is not None
        assert made == await channels.by_id(store.database, store.organization, made.id)
        changed = await channels.change(
            store.database, None, made.id, lambda old: msgspec.structs.replace(old, name="Other", conditions=None)
        )
        assert changed is not None
        assert changed.name == "Other"
        assert changed == await channels.by_id(store.database, None, made.id)
        assert await channels.by_id(store.database, store.organization + 1, made.id) is None
        assert await channels.change(store.database, store.organization + 1, made.id, lambda old: old) is None
        owners[made.id] = (made.owner_id, made.monitor_kind)
    assert list(owners.values()) == [(None, None), (store.customer, None), (store.other_customer, "smtp")]
    listed = await channels.channels_of(store.database, store.organization)
    assert {channel.id: (channel.owner_id, channel.monitor_kind) for channel in listed} == owners
