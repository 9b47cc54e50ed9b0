"""`locations rotate|disable|enable|remove|list` as ops type them."""

from __future__ import annotations

import stat

import pytest

from controller.store.locations import locations
from controller.store.platform.pool import Database
from shared.wire import enrolment
from tests.integration.test_commands import NATS_URL, files
from tests.integration.trust.location_commands import LocationCommands, opened_by, user


async def test_rotate_writes_a_new_file_and_both_work_for_a_week(commands: LocationCommands) -> None:
    old, new = commands.add(), commands.rotate()
    assert stat.S_IMODE(commands.file.stat().st_mode) == 0o600
    assert (new.location, new.country, new.nats_url) == ("de", "DE", NATS_URL)
    assert user(new) != user(old)
    assert await commands.revoked() == set()
    assert await opened_by(commands, old)
    assert await opened_by(commands, new)
    assert await commands.value("SELECT ends_at - now() > interval '6 days 23 h' FROM location_key ORDER BY id LIMIT 1")
    listed = commands.locations("list").split("\t")
    assert listed[:4] == ["de", "DE", "enabled", "Germany"]
    assert listed[4].startswith("keys of 20")
    assert ", older of 20" in listed[4]
    assert "shared account" not in listed[4]
    await commands.value("UPDATE location_key SET ends_at = now() - interval '1 s' WHERE ends_at IS NOT NULL")
    assert await commands.revoked() == {user(old)}
    assert not await opened_by(commands, old)
    assert await opened_by(commands, new)


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        pytest.param(["--keep-hours", "2"], 2, id="hours"),
        pytest.param(["--keep-days", "3"], 72, id="days"),
        pytest.param([], 168, id="a week"),
    ],
)
async def test_old_keys_end_when_ops_say(commands: LocationCommands, words: list[str], hours: int) -> None:
    commands.add()
    commands.rotate(*words)
    ends = await commands.value(
        "SELECT round(extract(epoch FROM ends_at - now()) / 3600) FROM location_key ORDER BY id"
    )
    assert ends == hours


async def test_keys_of_an_earlier_version_are_listed_until_the_location_is_given_new_ones(
    commands: LocationCommands,
) -> None:
    commands.add()
    await commands.value("UPDATE location_key SET nats_account = NULL")
    assert commands.locations("list").split("\t")[4].endswith(", shared account: rotate")
    commands.rotate()
    assert commands.locations("list").split("\t")[4].endswith(", the older ones in the shared account")
    await commands.value("UPDATE location_key SET ends_at = now() - interval '1 s' WHERE ends_at IS NOT NULL")
    assert "shared account" not in commands.locations("list")


async def test_keys_that_leaked_end_now_all_of_them(commands: LocationCommands) -> None:
    first, second = commands.add(), commands.rotate()
    new = commands.rotate("--now")
    assert await commands.revoked() == {user(first), user(second)}
    assert await opened_by(commands, new)
    assert not await opened_by(commands, first)


async def test_disable_and_enable_change_whom_the_broker_lets_in_and_not_the_file(commands: LocationCommands) -> None:
    made = commands.add()
    before = commands.file.read_bytes()
    printed = commands.locations("disable", "DE")
    assert printed == (
        "disabled de; its agents are cut off within 10 seconds, or as soon as a controller reaches NATS\n"
    )
    assert await commands.revoked() == {user(made)}
    assert "\tdisabled\t" in commands.locations("list")
    commands.locations("enable", "de")
    assert await commands.revoked() == set()
    assert commands.file.read_bytes() == before


async def test_a_removed_location_is_gone_but_for_its_history_and_may_come_back_in_its_country(
    commands: LocationCommands,
) -> None:
    before = commands.add()
    number = await commands.value("SELECT id FROM location")
    assert commands.refusal("remove", "de") == (
        "de is enabled: first `locations disable de`, which cuts its agents off"
    )
    commands.locations("disable", "de")
    commands.locations("remove", "de")
    assert commands.locations("list") == ""
    async with Database.open(commands.url) as database:
        assert [here.code for here in await locations.all_locations(database)] == ["de"]
        assert await locations.present_locations(database) == []
    for words in (["rotate", "de"], ["enable", "de"], ["disable", "de"], ["remove", "de"]):
        assert commands.refusal(*words) == "there is no location 'de'"
    elsewhere = commands.refusal("add", "de", "--country", "US", "--enrolment", str(commands.folder / "us"))
    assert elsewhere == "a removed location 'de' in another country has history: choose another code"
    commands.file.unlink()
    after = commands.add()
    assert await commands.value("SELECT id FROM location WHERE enabled") == number
    assert await commands.revoked() == {user(before)}
    assert await opened_by(commands, after)


def test_an_address_that_was_given_stays_until_another_is(commands: LocationCommands) -> None:
    commands.locations(
        "add", "de", "--country", "DE", "--enrolment", str(commands.file), "--nats-url", "tls://one.example:4222"
    )
    assert enrolment.read(commands.file).nats_url == "tls://one.example:4222"
    assert commands.rotate().nats_url == "tls://one.example:4222"
    assert commands.rotate("--nats-url", "tls://two.example:4222").nats_url == "tls://two.example:4222"
    assert commands.rotate().nats_url == "tls://two.example:4222"


@pytest.mark.parametrize("name", ["a\tb", "a\nb", " ", "n" * 256], ids=["tab", "newline", "blank", "long"])
def test_a_name_that_would_break_a_list_is_refused(commands: LocationCommands, name: str) -> None:
    words = ["add", "de", "--country", "DE", "--enrolment", str(commands.file), "--name", name]
    assert commands.refusal(*words) == "--name must be 1 to 255 printable characters"
    assert files(commands.folder) == []


async def test_removing_the_last_location_prints_which_monitors_go_blind(commands: LocationCommands) -> None:
    commands.add()
    commands.locations("add", "us", "--country", "US", "--enrolment", str(commands.folder / "us.agent"))
    await commands.execute(
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
    for command in ("disable", "remove"):
        assert commands.locations(command, "de").splitlines()[1:] == [
            "monitors that no location may check any more (1):",
            "  m (smtp german.example)",
        ]
    assert commands.locations("disable", "us").splitlines()[1:] == [
        "monitors that no location may check any more (2):",
        "  m (smtp anywhere.example)",
        "  m (smtp both.example)",
    ]
