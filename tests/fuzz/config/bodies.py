"""Bodies of the API: decoded, or refused with the name of a field and a rule."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from controller.api.compat.alertsite.access_tokens import Credentials
from controller.api.compat.alertsite.account_defaults.bodies import DefaultsBody
from controller.api.compat.alertsite.monitors.bodies import AlertSiteNewMonitor
from controller.api.compat.uptimeify.channels.bodies import ChannelTestBody, NewChannelBody
from controller.api.compat.uptimeify.customers.schemas import NewCustomerBody
from controller.api.compat.uptimeify.monitor_groups import IMAP_POP, SMTP
from controller.api.compat.uptimeify.tokens.schemas import NewTokenBody
from controller.api.compat.uptimeify.users.schemas import NewUserBody
from controller.api.v1.policies.schemas import PolicyBody
from controller.errors import InvalidError
from controller.http.bodies import decode
from tests.fuzz.golden import NESTED

_BODIES: tuple[type[msgspec.Struct], ...] = (
    *SMTP.bodies,
    *IMAP_POP.bodies,
    AlertSiteNewMonitor,
    DefaultsBody,
    Credentials,
    NewChannelBody,
    ChannelTestBody,
    NewCustomerBody,
    NewTokenBody,
    NewUserBody,
    PolicyBody,
)
_LONGEST_REFUSAL = 2000


def _example(kind: type[msgspec.Struct]) -> bytes:
    """A body with every field, as text: most are refused, each in its own words."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    return json.dumps(dict.fromkeys(names, "1")).encode()


SEEDS = (
    *(bytes([number]) + _example(kind) for number, kind in enumerate(_BODIES)),
    b"\0{}",
    b"\0[]",
    b"\0" + NESTED,
    b'\0{"a":"\xff"}',
    b'\0{"' + b"a" * 4000 + b'":1}',
    b'\0{"hostname":"mail.example.com","customerId":"1","smtpConfig":{"auth":{"user":"a","pass":"b"}}}',
)


def check(data: bytes) -> None:
    """The first byte chooses the kind of body."""
    kind = _BODIES[(data[0] if data else 0) % len(_BODIES)]
    try:
        body: Any = decode(data[1:], kind)
    except InvalidError as error:
        assert error.field
        assert error.rule
        assert len(str(error)) < _LONGEST_REFUSAL
        str(error).encode()
        return
    assert isinstance(body, kind)
