from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import InvalidError
from controller.store.monitors.monitors import NewMonitor
from controller.vault import MASK, Vault, VaultError, VaultKeys, is_secret, logins_of, mask, new_key
from shared.secret import Secret
from shared.wire.targets import Login

OLD, NEW = new_key().reveal(), new_key().reveal()
VAULT = Vault(VaultKeys(NEW))

NAMES = st.sampled_from(["pass", "user", "accessToken", "a", "PASSWORD", "options"]) | st.text(max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "name",
    ["pass", "PASS", "Password", "passwd", "pwd", "secret", "token", "accessToken", "access_token", "ACCESS_TOKEN",
     "ACCESSTOKEN", "smtpPass", "pass1", "apiKey", "api_key", "private-key", "key", "pfx", "client_secret", "tokens",
     "passphrase"],
)  # fmt: skip
def test_a_key_named_like_a_secret_is_one(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "user",
        "secure",
        "bypass",
        "compass",
        "publicKey",
        "keys",
        "passive",
        "tokenize",
        "secretary",
        "",
        "123",
        "пароль",
    ],
)
def test_other_keys_are_not(name: str) -> None:
    assert not is_secret(name)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_is_concealed_comes_back_unchanged_and_masks_alike(config: dict[str, Any]) -> None:
    stored = VAULT.conceal(config, None, field="config")
    assert VAULT.reveal(msgspec.json.decode(msgspec.json.encode(stored))) == config
    assert mask(stored) == mask(config)
    assert list(stored) == list(config)


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_an_empty_secret_is_nothing_to_hide(empty: object) -> None:
    assert VAULT.conceal({"pass": empty}, None, field="c") == mask({"pass": empty}) == {"pass": empty}


@pytest.mark.parametrize("value", [0, False, "x", ["x"], {"x": 1}])
def test_a_secret_of_any_type_is_hidden(value: object) -> None:
    stored = VAULT.conceal({"token": value}, None, field="c")
    assert isinstance(stored["token"], str)
    assert mask(stored) == {"token": MASK}
    assert VAULT.reveal(stored) == {"token": value}


def test_a_mask_keeps_what_is_stored_at_its_path() -> None:
    stored = VAULT.conceal({"auth": {"pass": "p"}, "list": [{"token": "t"}]}, None, field="c")
    again = {"auth": {"pass": MASK, "user": "new"}, "list": [{"token": MASK}]}
    assert VAULT.conceal(again, stored, field="c") == {**stored, "auth": {**stored["auth"], "user": "new"}}


@pytest.mark.parametrize("previous", [None, {}, {"auth": {"pass": ""}}, {"auth": "x"}, {"pass": "elsewhere"}])
def test_a_mask_without_anything_stored_is_refused_by_its_path(previous: dict[str, Any] | None) -> None:
    with pytest.raises(InvalidError) as caught:
        VAULT.conceal({"auth": {"pass": MASK}}, previous, field="smtpConfig")
    assert caught.value.field == "smtpConfig.auth.pass"


def test_an_unchanged_secret_keeps_its_stored_form_and_a_changed_one_does_not() -> None:
    stored = VAULT.conceal({"pass": "p"}, None, field="c")
    assert VAULT.conceal({"pass": "p"}, stored, field="c") == stored
    assert VAULT.conceal({"pass": "q"}, stored, field="c") != stored


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    stored = Vault(VaultKeys(OLD)).conceal({"pass": "p"}, None, field="c")
    both = Vault(VaultKeys(f"{NEW}, {OLD}"))
    assert both.reveal(stored) == {"pass": "p"}
    assert VAULT.reveal(both.conceal({"pass": "q"}, None, field="c")) == {"pass": "q"}


@pytest.mark.parametrize("stored", ["x", 5, "", "gAAAAAB", "ü"])
def test_what_cannot_be_read_is_an_error_without_the_value(stored: object) -> None:
    with pytest.raises(VaultError) as caught:
        VAULT.decrypt(stored)
    assert not stored or str(stored) not in str(caught.value)


def test_a_secret_of_a_lost_key_can_be_replaced_but_not_read() -> None:
    stored = Vault(VaultKeys(OLD)).conceal({"pass": "p"}, None, field="c")
    with pytest.raises(VaultError):
        VAULT.reveal(stored)
    assert VAULT.reveal(VAULT.conceal({"pass": "p"}, stored, field="c")) == {"pass": "p"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(",", id="a comma"),
        pytest.param("abc", id="no key"),
        pytest.param(f"{NEW},abc", id="a key and no key"),
        pytest.param("ü" * 44, id="letters of no key"),
    ],
)
def test_what_is_no_ring_of_keys_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="new-vault-key") as caught:
        VaultKeys(text)
    assert not text.strip(",") or text not in str(caught.value)


def test_keys_are_never_printed() -> None:
    assert NEW not in repr(VaultKeys(NEW)) + str(VaultKeys(NEW))


@pytest.mark.parametrize(
    ("kind", "config", "login"),
    [
        pytest.param("smtp", {"auth": {"user": "u", "pass": "p"}}, Login("u", Secret("p")), id="SMTP"),
        pytest.param("smtp", {"auth": {"user": "u", "pass": ""}}, None, id="no password"),
        pytest.param("smtp", {"auth": {"user": "", "pass": "p"}}, None, id="no user"),
        pytest.param("smtp", {"auth": {"user": "u", "accessToken": "t"}}, Login("u", Secret("t"), True), id="a token"),
        pytest.param("imap", {"user": "u", "password": "p"}, Login("u", Secret("p")), id="IMAP"),
        pytest.param("imap", {"user": "u", "accessToken": "t"}, Login("u", Secret("t"), True), id="a token for IMAP"),
        pytest.param("pop3", {"user": "u", "password": "p"}, Login("u", Secret("p")), id="POP3"),
        pytest.param("pop3", {"auth": {"user": "u", "pass": "p"}}, None, id="the keys of another type"),
    ],
)
def test_the_login_of_a_stored_monitor_is_in_clear(kind: str, config: dict[str, Any], login: Login | None) -> None:
    monitor = NewMonitor(
        organization_id=1,
        customer_id=1,
        kind=kind,
        interval_seconds=60,
        timeout_seconds=30,
        config=VAULT.conceal(config, None, field="c"),
    )
    assert logins_of(monitor, VAULT) == ({"login": login} if login else {})
