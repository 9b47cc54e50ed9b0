"""What a window is for: from the targets and tags of a body, and from what the window has already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET, UnsetType

from controller.api.compat.uptimeify.maintenance.answers import is_tag, type_of
from controller.api.compat.uptimeify.maintenance.schemas import TYPES, WindowFields
from controller.errors import InvalidError
from controller.http.identifiers import customer_identifier
from controller.model.maintenance import LabelTarget, MaintenanceWindow
from controller.model.tags import Tag
from controller.operations.maintenance.targets import WindowTargetsChange, named

_NOT_HERE = {
    "website_id": ("websiteId", "websites"),
    "icmp_monitor_id": ("icmpMonitorId", "ICMP monitors"),
    "ssh_monitor_id": ("sshMonitorId", "SSH monitors"),
    "ftp_monitor_id": ("ftpMonitorId", "FTP monitors"),
    "dns_monitor_id": ("dnsMonitorId", "DNS monitors"),
    "customer_ip_id": ("customerIpId", "IP addresses of customers"),
    "customer_domain_id": ("customerDomainId", "domains of customers"),
}
_OLDER = {"smtp": ("smtp_monitor_id", "smtpMonitorId"), "imap_pop": ("imap_pop_monitor_id", "imapPopMonitorId")}


class MeantMonitor(NamedTuple):
    """A monitor that a body names, by its type and its number or public id, in this field."""

    field: str
    type: str
    id: int | UUID


def meant_monitors(body: WindowFields) -> list[MeantMonitor] | UnsetType:
    """The monitors of `targets`, or of the older fields without it. Raises InvalidError."""
    for attribute, (field, things) in _NOT_HERE.items():
        if getattr(body, attribute) not in (UNSET, None):
            raise InvalidError(field, f"must be null: there are no {things} here")
    if body.targets is not UNSET:
        return list(_of_targets(body))
    older = [
        MeantMonitor(field, type_, _identifier(field, value))
        for type_, (attribute, field) in _OLDER.items()
        if (value := getattr(body, attribute)) not in (UNSET, None)
    ]
    if len(older) > 1:
        raise InvalidError(older[1].field, f"must not be sent together with {older[0].field}: send targets")
    return older or UNSET


def is_selected(meant: Sequence[MeantMonitor], window: MaintenanceWindow) -> bool:
    """Whether a client sends the targets back as it read them."""
    return {(one.type, one.id) for one in meant} == {(type_of(one.kind), one.id) for one in window.targets.monitors}


def check_types(meant: Iterable[MeantMonitor], window: MaintenanceWindow) -> None:
    """Raises InvalidError when a monitor that the body named is of another type."""
    types = {key: type_of(one.kind) for one in window.targets.monitors for key in (one.id, one.public_id)}
    for one in meant:
        if types.get(one.id) != one.type:
            raise InvalidError(one.field, f"must be a monitor of the type {one.type}")


def targets_of(
    monitors: Sequence[MeantMonitor] | UnsetType, tags: Sequence[Tag] | UnsetType, before: MaintenanceWindow | None
) -> WindowTargetsChange | UnsetType:
    """What is not sent stays. Sent monitors also replace what this API cannot name: customers, locations, labels with
    values, the organization.
    """
    if monitors is UNSET and tags is UNSET and before is not None:
        return UNSET
    kept = WindowTargetsChange() if before is None else named(before)
    labels = [one for one in kept.labels if is_tag(one)]
    if tags is not UNSET:
        known = {one.key: one for one in labels}
        labels = [known.get(tag.name, LabelTarget(tag.name, None)) for tag in tags]
    if monitors is not UNSET:
        return WindowTargetsChange(monitors=[one.id for one in monitors], labels=labels)
    return WindowTargetsChange(
        monitors=kept.monitors,
        customers=kept.customers,
        locations=kept.locations,
        labels=[*(one for one in kept.labels if not is_tag(one)), *labels],
        organization=kept.organization,
    )


def _of_targets(body: WindowFields) -> Iterator[MeantMonitor]:
    for place, one in enumerate(body.targets or []):
        if one.type not in TYPES:
            rule = f"must be one of {', '.join(TYPES)}: there are no monitors of another type here"
            raise InvalidError(f"targets[{place}].type", rule)
        yield MeantMonitor(f"targets[{place}].id", one.type, _identifier(f"targets[{place}].id", one.id))


def _identifier(field: str, value: int | str) -> int | UUID:
    try:
        return customer_identifier(value)
    except InvalidError:
        raise InvalidError(field, "must be a monitor's number or public UUID") from None
