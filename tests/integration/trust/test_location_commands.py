"""`locations rotate|disable|enable|remove|list` as ops type them."""

from __future__ import annotations

import stat

import pytest

from controller.store.locations import locations
from controller.store.platform.pool import Database
from shared.wire import enrolment
from tests.integration.test_commands import NATS_URL, files
from tests.integration.trust.desk import Desk, opened_by, user


async def test_rotate_writes_a_new_file_and_both_work_for_a_week(desk: Desk) -> None:
    old, new = desk.add(), desk.rotate()
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
    assert (new.location, new.country, new.nats_url) == ("de", "DE", NATS_URL)
    assert user(new) != user(old)
    assert await desk.revoked() == set()
    assert await opened_by(desk, old)
    assert await opened_by(desk, new)
    assert await desk.value("SELECT ends_at - now() > interval '6 days 23 h' FROM location_key ORDER BY id LIMIT 1")
    listed = desk.locations("list").split("\t")
    assert listed[:4] == ["de", "DE", "enabled", "Germany"]
    assert listed[4].startswith("keys of 20")
    assert ", older of 20" in listed[4]
    await desk.value("UPDATE location_key SET ends_at = now() - interval '1 s' WHERE ends_at IS NOT NULL")
    assert await desk.revoked() == {user(old)}
    assert not await opened_by(desk, old)
    assert await opened_by(desk, new)


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        pytest.param(["--keep-hours", "2"], 2, id="hours"),
        pytest.param(["--keep-days", "3"], 72, id="days"),
        pytest.param([], 168, id="a week"),
    ],
)
async def test_old_keys_end_when_ops_say(desk: Desk, words: list[str], hours: int) -> None:
    desk.add()
    desk.rotate(*words)
    ends = await desk.value("SELECT round(extract(epoch FROM ends_at - now()) / 3600) FROM location_key ORDER BY id")
    assert ends == hours


async def test_keys_that_leaked_end_now_all_of_them(desk: Desk) -> None:
    first, second = desk.add(), desk.rotate()
    new = desk.rotate("--now")
    assert await desk.revoked() == {user(first), user(second)}
    assert await opened_by(desk, new)
    assert not await opened_by(desk, first)


async def test_disable_and_enable_change_whom_the_broker_lets_in_and_not_the_file(desk: Desk) -> None:
    made = desk.add()
    before = desk.file.read_bytes()
    told = desk.locations("disable", "DE")
    assert told == ("disabled de; its agents are cut off within 10 seconds, or as soon as a controller reaches NATS\n")
    assert await desk.revoked() == {user(made)}
    assert "\tdisabled\t" in desk.locations("list")
    desk.locations("enable", "de")
    assert await desk.revoked() == set()
    assert desk.file.read_bytes() == before


async def test_a_removed_location_is_gone_but_for_its_history_and_may_come_back_in_its_country(desk: Desk) -> None:
    before = desk.add()
    number = await desk.value("SELECT id FROM location")
    assert desk.refusal("remove", "de") == ("de is enabled: first `locations disable de`, which cuts its agents off")
    desk.locations("disable", "de")
    desk.locations("remove", "de")
    assert desk.locations("list") == ""
    async with Database.open(desk.url) as database:
        assert [here.code for here in await locations.all_locations(database)] == ["de"]
        assert await locations.present_locations(database) == []
    for words in (["rotate", "de"], ["enable", "de"], ["disable", "de"], ["remove", "de"]):
        assert desk.refusal(*words) == "there is no location 'de'"
    elsewhere = desk.refusal("add", "de", "--country", "US", "--enrolment", str(desk.folder / "us"))
    assert elsewhere == "there was a location 'de' in another country, of which history tells: choose another"
    desk.file.unlink()
    after = desk.add()
    assert await desk.value("SELECT id FROM location WHERE enabled") == number
    assert await desk.revoked() == {user(before)}
    assert await opened_by(desk, after)


def test_an_address_that_was_given_stays_until_another_is(desk: Desk) -> None:
    desk.locations(
        "add", "de", "--country", "DE", "--enrolment", str(desk.file), "--nats-url", "tls://one.example:4222"
    )
    assert enrolment.read(desk.file).nats_url == "tls://one.example:4222"
    assert desk.rotate().nats_url == "tls://one.example:4222"
    assert desk.rotate("--nats-url", "tls://two.example:4222").nats_url == "tls://two.example:4222"
    assert desk.rotate().nats_url == "tls://two.example:4222"


@pytest.mark.parametrize("name", ["a\tb", "a\nb", " ", "n" * 256], ids=["tab", "newline", "blank", "long"])
def test_a_name_that_would_break_a_list_is_refused(desk: Desk, name: str) -> None:
    words = ["add", "de", "--country", "DE", "--enrolment", str(desk.file), "--name", name]
    assert desk.refusal(*words) == "--name must be 1 to 255 printable characters"
    assert files(desk.folder) == []


async def test_whoever_takes_the_last_location_away_is_told_which_monitors_go_blind(desk: Desk) -> None:
    desk.add()
    desk.locations("add", "us", "--country", "US", "--enrolment", str(desk.folder / "us.agent"))
    await desk.execute(
        """
        INSERT INTO organization (name) VALUES ('o');
        INSERT INTO customer (organization_id, name) SELECT id, 'c' FROM organization;
        INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, port, status, config,
          interval_seconds, timeout_seconds, allowed_check_country_codes)
        SELECT organization_id, id, 'smtp', 'm', host, 25, given.status, '{}', 60, 10, countries FROM customer, (VALUES
          ('german.example', 'active', ARRAY['DE']), ('both.example', 'active', ARRAY['DE', 'US']),
          ('anywhere.example', 'active', NULL), ('off.example', 'disabled', ARRAY['DE'])
        ) AS given (host, status, countries);
        """
    )
    number = await desk.value("SELECT public_id FROM monitor WHERE hostname = 'german.example'")
    told = f"monitors that no location may check any more, 1 in all: smtp german.example ({number})"
    for command in ("disable", "remove"):
        assert desk.locations(command, "de").splitlines()[1:] == [told]
    last = desk.locations("disable", "us").splitlines()[1]
    assert last.startswith("monitors that no location may check any more, 2 in all: smtp both.example (")
    assert "smtp anywhere.example (" in last
