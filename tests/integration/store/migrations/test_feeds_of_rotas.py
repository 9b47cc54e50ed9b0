"""The rollback of migration 0055_lapses_and_rota_feeds leaves no rota's feed behind as one of maintenance windows."""

from __future__ import annotations

import asyncpg

from controller.store.platform import migrate
from tests.integration.store.migrating import take_back

FEEDS = """
INSERT INTO organization (name) VALUES ('O');
INSERT INTO account (organization_id, email, role, password_hash)
SELECT id, 'a@example.com', 'admin', '' FROM organization;
INSERT INTO rota (organization_id, name) SELECT id, 'Nights' FROM organization;
INSERT INTO calendar_feed (account_id, organization_id, name, token_hash, rota_id)
SELECT account.id, organization.id, given.name, given.name::bytea, CASE WHEN given.name = 'of a rota' THEN rota.id END
FROM organization, account, rota, (VALUES ('of windows'), ('of a rota')) AS given (name)
"""


async def test_the_rollback_takes_the_feeds_of_rotas_back(empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url)
    try:
        await migrate.apply(empty_url)
        await connection.execute(FEEDS)
        await take_back(connection, "0055_lapses_and_rota_feeds")
        assert [row["name"] for row in await connection.fetch("SELECT name FROM calendar_feed")] == ["of windows"]
    finally:
        await connection.close()
