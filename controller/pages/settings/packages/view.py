"""What the pages of packages show. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.decisions.packages import closed_channels, fields_set, policy_of
from controller.model.packages import UsedPackage
from controller.pages.words.policies import policy_sentence

DONE = {
    "saved": "The package was saved. It holds from the next check on.",
    "deleted": "The package was deleted.",
}
_KINDS = {"email": "e-mail", "sms": "text messages", "webhook": "webhooks", "integrations": "integrations"}


class PackageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A package in words; `policy` is empty when it says nothing."""

    number: int
    key: str
    name: str
    customers: int
    policy: str
    without: str


class PackagesView(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[PackageRow]
    done: str


class PackageView(msgspec.Struct, frozen=True, kw_only=True):
    """`number` None is a new package; one that `customers` have cannot be deleted."""

    number: int | None
    customers: int
    form: dict[str, Any]
    problems: dict[str, str]
    thresholds: list[tuple[str, str]]
    done: str = ""


class PackageDeletionView(msgspec.Struct, frozen=True, kw_only=True):
    row: PackageRow
    done: str = ""


def package_row(found: UsedPackage) -> PackageRow:
    package = found.package
    policy = policy_of(package)
    closed = closed_channels(fields_set(package))
    without = [words for kind, words in _KINDS.items() if kind in closed]
    if not package.enable_maintenance_windows:
        without.append("maintenance windows")
    return PackageRow(
        number=package.id,
        key=package.package_type,
        name=package.display_name,
        customers=found.used,
        policy=policy_sentence(policy) if policy else "",
        without=", ".join(without),
    )
