"""What is remembered of a server is kept by digests, each of which changes with all that matters for it."""

from __future__ import annotations

import msgspec
import pytest

from agent.dialogue.keys import key_of_account, key_of_dialogue
from shared.secret import Secret
from shared.wire.targets import Login, Server, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.smtp import SmtpTarget

IMAP = ImapTarget(host="mail.test", port=993, login=Login("alice", Secret("open sesame")))
SMTP = SmtpTarget(host="mail.test", port=587, rcpt_to="alice@mail.test")


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "other.test"},
        {"port": 143},
        {"login": None},
        {"login": Login("bob", Secret("open sesame"))},
        {"login": Login("alice", Secret("shut sesame"))},
        {"login": Login("alice", Secret("open sesame"), bearer=True)},
    ],
    ids=str,
)
def test_another_account_has_other_keys(changes: dict[str, object]) -> None:
    other = msgspec.structs.replace(IMAP, **changes)
    assert key_of_account(other) != key_of_account(IMAP)
    assert key_of_dialogue(other) != key_of_dialogue(IMAP)


@pytest.mark.parametrize(
    ("target", "changes"),
    [
        (IMAP, {"address": "192.0.2.1"}),
        (IMAP, {"tls": TlsMode.IMPLICIT}),
        (IMAP, {"mailbox": "Archive"}),
        (SMTP, {"rcpt_to": "bob@mail.test"}),
    ],
    ids=str,
)
def test_another_dialogue_with_the_same_account_has_another_key(target: Server, changes: dict[str, object]) -> None:
    other = msgspec.structs.replace(target, **changes)
    assert key_of_account(other) == key_of_account(target)
    assert key_of_dialogue(other) != key_of_dialogue(target)


def test_equal_targets_have_equal_keys_of_few_bytes_without_the_password() -> None:
    again = ImapTarget(host="mail.test", port=993, login=Login("alice", Secret("open sesame")))
    for key_of in (key_of_account, key_of_dialogue):
        assert key_of(again) == key_of(IMAP)
        assert len(key_of(IMAP)) == 16
        assert b"sesame" not in key_of(IMAP)
