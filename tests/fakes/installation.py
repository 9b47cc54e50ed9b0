"""A test's broker: its configuration, a controller's credentials, and those of an enrolled location."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from controller.trust import account, keys
from controller.trust.account import FIRST, BrokerAccount, account_claims
from controller.trust.claims import controller_credentials, location_credentials
from controller.trust.jwt import sign
from controller.trust.keys import Trust
from controller.trust.server_config import server_config
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.credentials import Credentials
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed, public_key
from shared.secret import Secret
from shared.wire.enrolment import Enrolment
from shared.wire.signing import Signer, Verifier

REQUEST_KEY = keys.new_request_key()
"""Signs the requests that controllers, or tests in their place, send to agents."""

SIGNER = Signer(REQUEST_KEY)
VERIFIER = Verifier([SIGNER.verify_key])

LOCATION_SIGNER = LocationSigner(new_seed(Role.USER))
"""Signs what agents send where no controller verifies it."""


def broker_config(trust: Trust, *others: BrokerAccount) -> str:
    """What a server's configuration must include, with the accounts that a controller would send it: those of the
    locations `de` and `us`, and the `others`.
    """
    known = [account.of_location(trust, "de"), account.of_location(trust, "us"), *others]
    more = "".join(f"  {one.key}: {account_claims(trust, one, FIRST)}\n" for one in known)
    start = "resolver_preload: {\n"
    return server_config(trust, utc_now()).replace(start, start + more)


def as_controller(url: str, trust: Trust) -> Broker:
    return Broker(url, controller_credentials(trust, utc_now()))


def recorded(record: Mapping[str, Any]) -> Broker:
    """The broker of a product that `make run` started; `record` is the content of its `local.json`."""
    return as_controller(record["natsUrl"], keys.read(Path(record["trustFile"])))


def enrolled(url: str, trust: Trust, sealing_key: Secret, *, location: str = "de", country: str = "DE") -> Enrolment:
    """The enrolment that the agents of a location receive."""
    credentials = location_credentials(trust, location=location, country=country, now=utc_now())
    return Enrolment(
        location=location,
        country=country,
        nats_url=url,
        sealing_key=sealing_key,
        nats_credentials=credentials.text(),
        verify_keys=keys.verify_keys(trust),
    )


def of_earlier_version(trust: Trust, login: Credentials) -> Credentials:
    """The login as earlier versions made it, in the account that they all shared."""
    body = msgspec.json.decode(urlsafe_b64decode(login.jwt.split(".")[1] + "=="))
    claims, until = body["nats"], datetime.fromtimestamp(body["exp"], UTC) if "exp" in body else None
    if "issuer_account" in claims:
        claims["issuer_account"], signer = public_key(trust.guests), trust.locations
    else:
        signer = trust.guests
    made = datetime.fromtimestamp(body["iat"], UTC)
    return msgspec.structs.replace(login, jwt=sign(signer, login.user, body["name"], claims, made, until))


def variables(enrolment: Enrolment) -> dict[str, str]:
    """An enrolment as an agent's environment variables."""
    return {
        "MAILPROBE_LOCATION": enrolment.location,
        "MAILPROBE_COUNTRY": enrolment.country,
        "MAILPROBE_NATS_URL": enrolment.nats_url,
        "MAILPROBE_SEALING_KEY": enrolment.sealing_key.reveal(),
        "MAILPROBE_NATS_CREDENTIALS": enrolment.nats_credentials.reveal(),
        "MAILPROBE_VERIFY_KEYS": " ".join(enrolment.verify_keys),
    }
