"""An installation with hundreds of subscribers."""

from __future__ import annotations

from uuid import uuid4

import structlog

from tests.integration.trust.site import Site

MANY = 300


async def test_the_accounts_of_many_subscribers_are_known_at_once(site: Site) -> None:
    logins = [await site.subscribe(f"sub-{number}", uuid4()) for number in range(MANY)]
    async with site.keeper() as keeper:
        await keeper.reconcile()
        assert [await site.may_log_in(login) for login in logins] == [True] * MANY
        with structlog.testing.capture_logs() as logged:
            await keeper.reconcile()
        assert logged == []
