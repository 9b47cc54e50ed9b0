"""The command that repeats a check from a shell: `mailprobe-agent check …`. It holds no password. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from controller.operations.results.single_checks import CheckDetails
from shared.wire.target_url import DEFAULT_STARTTLS, STARTTLS
from shared.wire.targets import BaseTarget, IpFamily, Server, TlsMode, kind_of

_STARTTLS = {mode: word for word, mode in STARTTLS.items()}
_DEFAULT_SECONDS = 30
_DEFAULT_WARNING_DAYS = 14


def command_of(target: BaseTarget, *, user: str | None, bearer: bool, timeout_seconds: int) -> str | None:
    """The command line for this target; options that have their defaults are left out. None: the target is no server
    that an URL could name.
    """
    if not isinstance(target, Server):
        return None
    options = _options(target, bearer, timeout_seconds)
    return shlex.join(["mailprobe-agent", "check", *options, "-v", _url(target, user)])


def _url(target: Server, user: str | None) -> str:
    scheme = kind_of(target) + ("s" if target.tls is TlsMode.IMPLICIT else "")
    host = f"[{target.host}]" if ":" in target.host else target.host
    login = f"{quote(user, safe='')}@" if user else ""
    return f"{scheme}://{login}{host}:{target.port}"


def _options(target: Server, bearer: bool, timeout_seconds: int) -> Iterator[str]:
    starttls = _STARTTLS.get(target.tls)
    if starttls is not None and starttls != DEFAULT_STARTTLS[kind_of(target)]:
        yield f"--starttls={starttls}"
    if not target.verify_certificate:
        yield "--no-verify"
    if target.ip_family is not IpFamily.ANY:
        yield f"--{target.ip_family.value}"
    if timeout_seconds != _DEFAULT_SECONDS:
        yield f"--timeout={timeout_seconds}"
    if target.warning_ms is not None:
        yield f"--warning-ms={target.warning_ms}"
    if target.certificate_warning_days != _DEFAULT_WARNING_DAYS:
        yield f"--certificate-warning-days={target.certificate_warning_days}"
    if bearer:
        yield "--bearer"
    usual = {field.name: field.default for field in msgspec.structs.fields(target)}
    for name in target.OPTIONS:
        value = getattr(target, name)
        if value not in (None, "", usual[name]):
            yield f"--{name.replace('_', '-')}={value}"


def command_note(details: CheckDetails) -> str:
    """What the command does otherwise than the check did, in sentences."""
    notes = []
    if details.user:
        notes.append("It asks for the access token." if details.bearer else "It asks for the password.")
    target = details.target
    if isinstance(target, Server) and target.address is not None:
        notes.append(f"The monitor connects to {target.address}; the command resolves the host name instead.")
    if details.check.due_at < details.monitor.target_changed_at:
        notes.append("The monitor's target was changed since this check.")
    return " ".join(notes)
