"""Credentials for a test's broker: a controller's, and those of an enrolled location."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.trust import keys
from controller.trust.claims import controller_credentials, location_credentials
from controller.trust.keys import Trust
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed
from shared.secret import Secret
from shared.wire.enrolment import Enrolment
from shared.wire.signing import Signer, Verifier

REQUEST_KEY = keys.new_request_key()
"""Signs the requests that controllers, or tests in their place, send to agents."""

SIGNER = Signer(REQUEST_KEY)
VERIFIER = Verifier([SIGNER.verify_key])

LOCATION_SIGNER = LocationSigner(new_seed(Role.USER))
"""Signs what agents send where no controller verifies it."""


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
