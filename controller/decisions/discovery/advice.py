"""The next step after a try: what to change in the form, from what went wrong and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from controller.decisions.discovery.providers import login_advice
from controller.decisions.discovery.services import MailService, on_port
from controller.model.trials import TriedServer
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.targets import TlsMode

_MOST_NAMES = 2
_ENDED = frozenset({FailureKind.TIMEOUT, FailureKind.RESET, FailureKind.CLOSED})
_TLS_WORDS = {
    TlsMode.NONE: "without encryption",
    TlsMode.OPPORTUNISTIC: "with STARTTLS if it is offered",
    TlsMode.REQUIRED: "with STARTTLS",
    TlsMode.IMPLICIT: "with TLS from the first byte",
}


class KnownKinds(NamedTuple):
    """`greetings` are the beginnings of what servers of each kind say first, `labels` the kinds for people.
    `certificate_boxes` say where the form of a kind has the box by which certificates are verified: the group, and the
    words beside the box.
    """

    services: Sequence[MailService]
    greetings: Mapping[str, str]
    labels: Mapping[str, str]
    certificate_boxes: Mapping[str, tuple[str, str]]


class NextStep(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence, and what a button beside it would write into which fields of the form. `find` is an address whose
    servers may be meant instead.
    """

    text: str
    button: str = ""
    fields: dict[str, str] = {}
    find: str = ""


class TryOutcome(NamedTuple):
    """What a try from one location found out. `said` are the lines of the server, the first one first."""

    failure: Failure | None
    facts: Mapping[str, Any]
    encrypted: bool
    said: Sequence[str] = ()


def next_steps(known: KnownKinds, kind: str, server: TriedServer, outcome: TryOutcome) -> list[NextStep]:
    """None for a check that passed over TLS, or as it should; none for a fault of the location itself."""
    failure = outcome.failure
    if failure is None:
        unused = server.tls is TlsMode.OPPORTUNISTIC and not outcome.encrypted
        return list(_without_starttls(known, kind, server, "Nothing is encrypted: this")) if unused else []
    if failure.source is not FailureSource.TARGET and failure.kind is not FailureKind.ADDRESS_FORBIDDEN:
        return []
    return list(_after(failure, known, kind, server, outcome))


def _after(
    failure: Failure, known: KnownKinds, kind: str, server: TriedServer, outcome: TryOutcome
) -> Iterator[NextStep]:
    usual = on_port(known.services, server.port)
    match failure.kind, failure.phase:
        case FailureKind.STARTTLS_MISSING, _:
            yield from _without_starttls(known, kind, server, "This")
        case (FailureKind.TLS_HANDSHAKE, _) | (_, Phase.TLS) if server.tls is TlsMode.IMPLICIT and not _by_certificate(
            failure
        ):
            yield from _no_tls_at_once(known, kind, server, usual)
        case FailureKind.GREETING_INVALID, _:
            yield from _other_protocol(known, kind, server, outcome.said)
        case ended, Phase.GREETING if ended in _ENDED and server.tls is not TlsMode.IMPLICIT:
            if usual is not None and usual.tls is TlsMode.IMPLICIT:
                text = (
                    f"Port {server.port} is usual for {usual.words}: its servers wait for TLS and say nothing before."
                )
                yield _use(known, text, server, kind, usual.kind, server.port, TlsMode.IMPLICIT)
        case FailureKind.CERTIFICATE_WRONG_HOST, _:
            yield from _other_name(server, outcome.facts)
        case FailureKind.CERTIFICATE_UNTRUSTED, _ if place := known.certificate_boxes.get(kind):
            group, label = place
            yield NextStep(
                text="Let the server send its intermediate certificates too. If its certificate is meant to be of an"
                f" authority of your own: open “{group}” in the form, and take the tick at “{label}” away."
            )
        case FailureKind.LOGIN_REFUSED, _:
            yield NextStep(text=login_advice(server.host))
        case FailureKind.LOGIN_MECHANISM_MISSING, _:
            yield from _no_way_to_log_in(server)
        case (FailureKind.TIMEOUT | FailureKind.REFUSED | FailureKind.UNREACHABLE, Phase.CONNECT):
            yield from _no_connection(known, kind, server, usual)
        case FailureKind.DNS_NOT_FOUND, _:
            text = f"There is no server called {server.host}. Check the spelling, or let its servers be found."
            yield NextStep(text=text, find=_parent(server.host))
        case FailureKind.ADDRESS_FORBIDDEN, _:
            yield NextStep(
                text="This location may reach public addresses only. To check a server in a private network, set"
                " MAILPROBE_ALLOW_NETWORKS on an agent inside that network."
            )


def _by_certificate(failure: Failure) -> bool:
    return failure.kind.value.startswith("certificate_")


def _without_starttls(known: KnownKinds, kind: str, server: TriedServer, begin: str) -> Iterator[NextStep]:
    """For people's mail there are ports that are always encrypted; servers take mail unencrypted if need be."""
    others = [one for one in _services(known, kind) if one.port != server.port and one.rfc]
    for one in others[:1]:
        text = f"{begin} server offers no STARTTLS on port {server.port}. Did you mean port {one.port}, {one.words}?"
        yield _use(known, text, server, kind, kind, one.port, one.tls)
    text = "If it is meant to work without encryption, say so: then STARTTLS is not expected."
    if server.tls is not TlsMode.OPPORTUNISTIC:
        yield _use(known, text, server, kind, kind, server.port, TlsMode.NONE)


def _no_tls_at_once(known: KnownKinds, kind: str, server: TriedServer, usual: MailService | None) -> Iterator[NextStep]:
    if usual is not None and usual.tls is TlsMode.IMPLICIT:
        others = [one for one in _services(known, kind) if one.tls is TlsMode.REQUIRED]
        for one in others[:1]:
            text = f"The server does not speak TLS on port {server.port}. {one.words} is usual on port {one.port}."
            yield _use(known, _capital(text), server, kind, kind, one.port, one.tls)
        return
    about = f"; port {server.port} is usual for {usual.words}" if usual is not None else ""
    text = f"The server does not begin with TLS on port {server.port}{about}. Connections begin in clear there."
    yield _use(known, text, server, kind, usual.kind if usual else kind, server.port, TlsMode.REQUIRED)


def _other_protocol(known: KnownKinds, kind: str, server: TriedServer, said: Sequence[str]) -> Iterator[NextStep]:
    first = said[0] if said else ""
    for other, greeting in known.greetings.items():
        if greeting and first.upper().startswith(greeting) and other != kind:
            text = f"The server greets as {_a(known.labels[other])} server does."
            yield _use(known, text, server, kind, other, server.port, server.tls)
            return
    usual = on_port(known.services, server.port)
    if usual is not None and usual.kind != kind:
        text = f"Port {server.port} is usual for {usual.words}."
        yield _use(known, text, server, kind, usual.kind, server.port, usual.tls)


def _other_name(server: TriedServer, facts: Mapping[str, Any]) -> Iterator[NextStep]:
    names = [name for name in facts.get("certificateNames") or [] if isinstance(name, str) and "*" not in name]
    for name in names[:_MOST_NAMES]:
        yield NextStep(
            text=f"The certificate names {name}, and not {server.host}. If both are one server, check it as {name}.",
            button=f"Use {name}",
            fields={"host": name},
        )


def _no_way_to_log_in(server: TriedServer) -> Iterator[NextStep]:
    if server.tls in (TlsMode.NONE, TlsMode.OPPORTUNISTIC):
        yield NextStep(
            text="Many servers offer a login only after TLS has begun.",
            button="Require STARTTLS",
            fields={"tls": TlsMode.REQUIRED.value},
        )
    yield NextStep(text=login_advice(server.host))


def _no_connection(known: KnownKinds, kind: str, server: TriedServer, usual: MailService | None) -> Iterator[NextStep]:
    if usual is not None and usual.mx:
        yield NextStep(
            text=f"Many networks let no connection out to port {server.port}. If it works from other countries, the"
            " network of this location blocks it."
        )
    others = [one for one in _services(known, kind) if one.port != server.port]
    for one in others[:_MOST_NAMES]:
        text = f"Nothing answers on port {server.port}. Did you mean port {one.port}, {one.words}?"
        yield _use(known, text, server, kind, kind, one.port, one.tls)


def _services(known: KnownKinds, kind: str) -> list[MailService]:
    """Those of a kind, one for each port, the most usual first."""
    found: dict[int, MailService] = {}
    for one in sorted(known.services, key=lambda service: service.rank):
        if one.kind == kind:
            found.setdefault(one.port, one)
    return list(found.values())


def _use(
    known: KnownKinds, text: str, server: TriedServer, kind: str, new_kind: str, port: int, tls: TlsMode
) -> NextStep:
    """A step whose button says what it changes; the kind, port and encryption stay where they are right."""
    words: list[str] = []
    fields: dict[str, str] = {}
    if new_kind != kind:
        fields["kind"] = new_kind
        words.append(known.labels[new_kind])
    if port != server.port or new_kind != kind:
        fields["port"] = str(port)
        words.append(f"port {port}")
    fields["tls"] = tls.value
    button = f"Use {' '.join([*(words or ['it']), _TLS_WORDS[tls]])}"
    return NextStep(text=text, button=button, fields=fields)


def _a(label: str) -> str:
    return f"{'an' if label[:1].upper() in 'AEFHILMNORSX' else 'a'} {label}"


def _capital(text: str) -> str:
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


def _parent(host: str) -> str:
    """The domain that a name of a server may belong to: without its first label, when two are left."""
    rest = host.partition(".")[2]
    return rest if "." in rest else host
