"""The customer that an AlertSite monitor belongs to."""

from __future__ import annotations

import pytest

from tests.integration.api.alertsite.client import PATH, create, make_locations, messages, read
from tests.integration.api.conftest import OTHER_CUSTOMER, Api


@pytest.fixture(scope="module", autouse=True)
async def _locations(api: Api) -> None:
    await make_locations(api, de="DE", us="US")


class TestCustomers:
    async def test_a_monitor_belongs_to_the_first_customer_by_default(self, api: Api) -> None:
        assert (await read(api, await create(api)))["customer_id"] == api.customer
        for named in (OTHER_CUSTOMER, api.other_customer, str(api.other_customer)):
            number = await create(api, customer_id=named)
            assert (await read(api, number))["customer_id"] == api.other_customer

    @pytest.mark.parametrize("customer", ["nobody", 0, "99999999-9999-4999-8999-999999999999", 4711, True, {}, [1]])
    async def test_an_unknown_customer_or_one_of_another_organization_is_refused(
        self, api: Api, customer: object
    ) -> None:
        answer = await api.client.post(
            f"{PATH}/monitors/email-smtp",
            json={"billing_plancode": "p", "name": "n", "hostname": "h.example", "customer_id": customer},
        )
        [error] = messages(answer.json(), 400)
        assert error.startswith("invalid_request - customer_id ")

    async def test_a_customers_token_creates_and_reads_only_its_own_monitors(self, api: Api) -> None:
        others = await create(api, customer_id=OTHER_CUSTOMER)
        headers = {"Authorization": f"Bearer {api.customer_token}"}
        answer = await api.client.post(
            f"{PATH}/monitors/email-smtp",
            json={"billing_plancode": "p", "name": "n", "hostname": "h.example"},
            headers=headers,
        )
        assert answer.status_code == 200
        own = (await api.client.get(f"{PATH}/monitors?select=id,customer_id", headers=headers)).json()["results"]
        assert {found["customer_id"] for found in own} == {api.customer}
        assert int(answer.json()["id"]) in [found["id"] for found in own]
        hidden = await api.client.get(f"{PATH}/monitors/{others}", headers=headers)
        assert (hidden.status_code, messages(hidden.json(), 403)) == (403, ["Forbidden"])
        report = (await api.client.get(f"{PATH}/report-sitestatus?monitors={others}", headers=headers)).json()
        assert report["results"] == []
