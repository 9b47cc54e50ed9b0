"""Logging in and out, the session cookie, the access token, and the limits on wrong passwords."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import httpx
import pytest
from argon2 import PasswordHasher

from controller.errors import LimitedError, LoginRefusedError
from controller.model import Role
from controller.operations.accounts import sessions
from controller.operations.accounts.passwords import Passwords
from controller.store.accounts import sessions as store
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
async def somebody(api: Api) -> Person:
    organization = await organization_of(api, "Ours")
    return await person(api, Role.USER, organization=organization, password_hash=PasswordHasher().hash(PASSWORD))


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.value("DELETE FROM request_count")
    async with client_of(api.application) as client:
        yield client


async def log_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    return await client.post("/api/session", json={"email": email, "password": password}, headers=headers)


async def test_a_person_logs_in_and_out_with_a_cookie(api: Api, browser: httpx.AsyncClient, somebody: Person) -> None:
    answer = await log_in(browser, somebody.email.upper())
    assert answer.status_code == 200
    assert answer.json()["user"]["publicId"] == somebody.public_id
    cookie = SimpleCookie(answer.headers["set-cookie"])["mailprobe_session"]
    assert cookie["httponly"]
    assert (cookie["samesite"].lower(), cookie["path"], cookie["secure"]) == ("lax", "/", "")
    assert PASSWORD not in answer.text
    assert (await browser.get("/api/session")).json()["user"]["email"] == somebody.email
    assert (await browser.get("/api/smtp-monitors")).status_code == 200

    out = await browser.delete("/api/session")
    assert out.json() == {"success": True}
    assert browser.cookies == httpx.Cookies()
    stolen = {"Cookie": f"mailprobe_session={cookie.value}"}
    assert (await browser.get("/api/session", headers=stolen)).status_code == 401
    assert (await browser.delete("/api/session")).status_code == 200


async def test_the_cookie_is_for_https_only_where_there_is_https(api: Api, somebody: Person) -> None:
    transport = httpx.ASGITransport(api.application)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://mailprobe.test") as client:
        answer = await log_in(client, somebody.email)
    assert SimpleCookie(answer.headers["set-cookie"])["mailprobe_session"]["secure"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        pytest.param("somebody", "wrong", id="a wrong password"),
        pytest.param("somebody", "", id="an empty password"),
        pytest.param("somebody", "x" * 100_000, id="a very long password"),
        pytest.param("nobody@example.com", PASSWORD, id="an unknown person"),
        pytest.param("no address", PASSWORD, id="a malformed e-mail address"),
        pytest.param("a\0@example.com", PASSWORD, id="a NUL"),
        pytest.param("", "", id="both are empty"),
    ],
)
async def test_a_refused_login_does_not_say_why(
    browser: httpx.AsyncClient, somebody: Person, email: str, password: str
) -> None:
    answer = await log_in(browser, somebody.email if email == "somebody" else email, password)
    assert answer.json() == {
        "statusCode": 401,
        "statusMessage": "Unauthorized",
        "message": "Invalid email or password",
    }
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_a_refused_login_takes_as_long_for_an_unknown_person_as_for_a_known_one(
    api: Api, somebody: Person
) -> None:
    passwords = Passwords()
    stored = await api.value("SELECT password_hash FROM account WHERE id = $1", somebody.id)
    await passwords.verify(None, "warm")

    async def seconds(hashed: str | None) -> float:
        start = time.process_time()
        assert not await passwords.verify(hashed, "wrong")
        return time.process_time() - start

    # Alternately, so that a machine that is slow for a while is slow for both.
    durations = [(await seconds(stored), await seconds(None)) for _ in range(7)]
    known, unknown = (min(each) for each in zip(*durations, strict=True))
    assert 0.5 < known / unknown < 2


async def test_hashing_does_not_block_the_loop_and_its_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    started, release = threading.Event(), threading.Event()
    hash_at_once = PasswordHasher.hash

    def hash_when_released(hasher: PasswordHasher, password: str) -> str:
        started.set()
        assert release.wait(10), "hashing blocked the event loop"
        return hash_at_once(hasher, password)

    monkeypatch.setattr(PasswordHasher, "hash", hash_when_released)
    passwords = Passwords(at_once=1, most=3)
    pending = asyncio.gather(*(passwords.hash("x") for _ in range(5)), return_exceptions=True)
    while not started.is_set():
        await asyncio.sleep(0.001)
    release.set()
    results = await pending
    assert [type(result) for result in results].count(LimitedError) == 2
    assert await passwords.verify(next(result for result in results if isinstance(result, str)), "x")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site", "Origin": "http://x.mailprobe.test"}, 403, id="a sister site"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="another site, an old browser"),
        pytest.param({"Origin": "null"}, 403, id="a sandboxed frame"),
        pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "http://mailprobe.test"}, 404, id="our own page"),
        pytest.param({"Origin": "http://mailprobe.test"}, 404, id="our own page, an old browser"),
        pytest.param({"Sec-Fetch-Site": "none"}, 404, id="the person typed the address"),
        pytest.param({}, 404, id="a program"),
    ],
)
async def test_only_our_own_pages_write_with_a_cookie(
    browser: httpx.AsyncClient, somebody: Person, headers: dict[str, str], status: int
) -> None:
    path = "/api/smtp-monitors/33333333-3333-4333-8333-333333333333"
    written = await browser.patch(path, json={}, headers={**somebody.headers, **headers})
    assert written.status_code == status
    read = await browser.get(path, headers={**somebody.headers, **headers})
    assert read.status_code == 404
    logged_in = await log_in(browser, somebody.email, **headers)
    assert logged_in.status_code == (403 if status == 403 else 200)


async def test_a_token_is_accepted_from_any_origin(api: Api) -> None:
    answer = await api.client.patch(
        "/api/smtp-monitors/33333333-3333-4333-8333-333333333333", json={}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 404


async def test_requests_extend_a_session_up_to_its_absolute_end(api: Api, browser: httpx.AsyncClient) -> None:
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))

    async def status() -> int:
        return (await browser.get("/api/session", headers=user.headers)).status_code

    async def idle_for(interval: str) -> None:
        await api.value(
            "UPDATE session SET idle_until = idle_until - $2::text::interval WHERE account_id = $1", user.id, interval
        )

    for _ in range(2):
        await idle_for("11 hours")
        assert await status() == 200
    await idle_for("13 hours")
    assert await status() == 401

    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    await api.value("UPDATE session SET expires_at = now() - interval '1 second' WHERE account_id = $1", user.id)
    assert await status() == 401
    await store.forget_expired(api.database)
    assert await api.value("SELECT count(*) FROM session WHERE account_id = $1", user.id) == 0


async def test_an_access_token_works_everywhere_for_an_hour(
    api: Api, browser: httpx.AsyncClient, somebody: Person
) -> None:
    token = await sessions.open_session(api.database, Passwords(), somebody.email, PASSWORD, address="192.0.2.1")
    clear = token.reveal()
    assert len(clear) == 32
    assert set(clear) <= set("0123456789abcdef")
    assert await api.value("SELECT count(*) FROM session WHERE token_hash = sha256($1::text::bytea)", clear) == 1
    headers = {"Authorization": f"Bearer {clear}"}
    for path in ("/api/smtp-monitors", "/api/v3/monitors", "/api/session", "/api/locations"):
        assert (await browser.get(path, headers=headers)).status_code == 200, path
    assert (await browser.get("/api/session", headers={"Cookie": f"mailprobe_session={clear}"})).status_code == 401
    left = await api.value(
        "SELECT extract(epoch FROM expires_at - now())::int FROM session WHERE token_hash = sha256($1::text::bytea)",
        clear,
    )
    assert 3500 < left <= 3600
    await api.value(
        "UPDATE session SET expires_at = now() - interval '1 second' WHERE token_hash = sha256($1::text::bytea)", clear
    )
    assert (await browser.get("/api/v3/monitors", headers=headers)).status_code == 401


async def test_after_ten_wrong_passwords_a_login_is_refused_for_fifteen_minutes(
    api: Api, browser: httpx.AsyncClient, somebody: Person
) -> None:
    for _ in range(10):
        assert (await log_in(browser, somebody.email, "wrong")).status_code == 401
    answer = await log_in(browser, somebody.email)
    assert answer.status_code == 429
    assert 800 < int(answer.headers["retry-after"]) <= 900
    assert answer.json()["message"] == "Too many login attempts; try again later"
    # The same person may still log in from another address.
    token = await sessions.open_session(api.database, Passwords(), somebody.email, PASSWORD, address="192.0.2.2")
    assert token.reveal()
    await api.value("UPDATE request_count SET since_at = now() - interval '16 minutes'")
    assert (await log_in(browser, somebody.email)).status_code == 200


async def test_a_right_password_resets_the_count_of_wrong_ones(browser: httpx.AsyncClient, somebody: Person) -> None:
    for _ in range(3):
        for _ in range(8):
            assert (await log_in(browser, somebody.email, "wrong")).status_code == 401
        assert (await log_in(browser, somebody.email)).status_code == 200


async def test_one_address_may_fail_only_a_hundred_logins_whichever_people_it_names(
    api: Api, browser: httpx.AsyncClient
) -> None:
    await api.value("INSERT INTO request_count (who, since_at, requests) VALUES ('login:192.0.2.9', now(), 100)")
    with pytest.raises(LimitedError):
        await sessions.open_session(api.database, Passwords(), "new@example.com", "x", address="192.0.2.9")
    with pytest.raises(LoginRefusedError):
        await sessions.open_session(api.database, Passwords(), "new@example.com", "x", address="192.0.2.10")


async def test_successful_logins_do_not_count_towards_the_limit(api: Api, somebody: Person) -> None:
    for key in ("login:192.0.2.11", f"login:{somebody.email}"):
        await api.value("INSERT INTO request_count (who, since_at, requests) VALUES ($1, now(), 98)", key)
    for _ in range(3):
        assert await sessions.open_session(api.database, Passwords(), somebody.email, PASSWORD, address="192.0.2.11")
    for refusal in (LoginRefusedError, LoginRefusedError, LimitedError):
        with pytest.raises(refusal):
            await sessions.open_session(api.database, Passwords(), somebody.email, "wrong", address="192.0.2.11")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"password": "x"}, "email is required", id="the e-mail address is missing"),
        pytest.param({"email": "a@example.com"}, "password is required", id="the password is missing"),
        pytest.param({"email": 1, "password": "x"}, "email must be a string", id="the e-mail address is a number"),
    ],
)
async def test_a_malformed_login_is_400(browser: httpx.AsyncClient, body: dict[str, object], message: str) -> None:
    answer = await browser.post("/api/session", json=body)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
