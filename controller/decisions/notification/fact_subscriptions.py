"""Which changes of facts a channel can be notified of. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

from controller.decisions.comparison.signs import ABOUT_STARTTLS, SignKind
from controller.errors import InvalidError


class FactSubscription(StrEnum):
    CERTIFICATE_CHANGED = "certificate_changed"
    STARTTLS_VANISHED = "starttls_vanished"
    INTERCEPTION_SUSPECTED = "interception_suspected"
    OTHER_FACT_CHANGED = "other_fact_changed"


class SubscriptionWords(NamedTuple):
    """For the form of a channel: what it is called, and when a message is sent."""

    label: str
    description: str


SUBSCRIPTIONS: dict[FactSubscription, SubscriptionWords] = {
    FactSubscription.CERTIFICATE_CHANGED: SubscriptionWords(
        "The certificate changed", "A new certificate was presented for three rounds, or it is not trusted any more."
    ),
    FactSubscription.STARTTLS_VANISHED: SubscriptionWords(
        "STARTTLS vanished, everywhere or in one country",
        "It is not offered any more for three rounds, or something on the way takes it away; and when it is back.",
    ),
    FactSubscription.INTERCEPTION_SUSPECTED: SubscriptionWords(
        "Interception suspected", "One country is presented a certificate that is not trusted; and when that is over."
    ),
    FactSubscription.OTHER_FACT_CHANGED: SubscriptionWords(
        "Another fact changed", "TLS version, greeting, capabilities or login mechanisms differed for three rounds."
    ),
}


def subscription_of(fact: str | None, finding: str | None) -> FactSubscription:
    """To whom a change of the feed is sent."""
    if finding in ABOUT_STARTTLS or fact == "starttls":
        return FactSubscription.STARTTLS_VANISHED
    if finding == SignKind.INTERCEPTION_SUSPECTED:
        return FactSubscription.INTERCEPTION_SUSPECTED
    if fact in ("certificate", "certificateTrusted"):
        return FactSubscription.CERTIFICATE_CHANGED
    return FactSubscription.OTHER_FACT_CHANGED


def check_subscriptions(names: Collection[str], field: str = "factChanges") -> Sequence[FactSubscription]:
    """Each once, in the order of the list above. Raises InvalidError."""
    unknown = sorted(set(names) - {one.value for one in FactSubscription})
    if unknown:
        known = ", ".join(FactSubscription)
        raise InvalidError(field, f"{unknown[0]!r} is not one of {known}")
    return [one for one in FactSubscription if one.value in names]
