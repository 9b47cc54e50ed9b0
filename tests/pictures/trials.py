"""A try of what a form says, and a search for servers, in an installation that is made up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from controller.model.discoveries import Discovery, DiscoveryStep, ServerCandidate
from controller.model.trials import Trial, TrialCheck, TriedServer
from controller.store.checks import discoveries, trials
from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, PhaseTiming, Speaker, TranscriptLine
from shared.wire.rounds import Purpose, check_id
from shared.wire.targets import TlsMode
from tests.pictures.places import PLACES, Installation, Place

_NAMES = UUID("5c6f2f5e-9d3a-4a39-9d3c-0e2f1d6f8a10")
_KEPT = timedelta(days=1)
_HOST, _DOMAIN = "mail.example.com", "example.com"
_MISSING = Failure(
    kind=FailureKind.STARTTLS_MISSING,
    source=FailureSource.TARGET,
    phase=Phase.STARTTLS,
    detail="the server does not offer STARTTLS",
)
_REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="refused")
_SAID = (
    (Speaker.NOTE, "connected to 192.0.2.25"),
    (Speaker.SERVER, "220 mail.example.com ESMTP"),
    (Speaker.CLIENT, "EHLO probe.example.net"),
    (Speaker.SERVER, "250-mail.example.com"),
    (Speaker.SERVER, "250-SIZE 52428800"),
    (Speaker.SERVER, "250 AUTH PLAIN LOGIN"),
)
_TLS: dict[str, Any] = {"tlsVersion": "TLSv1.3", "tlsCipher": "TLS_AES_256_GCM_SHA384", "certificateNameValid": True}


async def add_trial(here: Installation) -> str:
    """A server without STARTTLS, from all places but one that could not try it. Returns the path of its page."""
    server = TriedServer(host=_HOST, port=25, tls=TlsMode.REQUIRED)
    places = {place.code: _MISSING for place in PLACES if place.country != "BR"}
    return f"/monitors/trials/{await _trial(here, 'starttls', server, 'smtp', places)}"


async def add_discovery(here: Installation) -> str:
    """Two servers that answer, and one that does not. Returns the path of its page."""
    found = [
        ("imap", f"imap.{_DOMAIN}", 993, TlsMode.IMPLICIT, f"the SRV record _imaps._tcp.{_DOMAIN} says so (RFC 6186)"),
        (
            "smtp",
            f"mx1.{_DOMAIN}",
            25,
            TlsMode.OPPORTUNISTIC,
            "mail for it goes there: it is in its MX records",
        ),
        ("pop3", f"pop.{_DOMAIN}", 995, TlsMode.IMPLICIT, f"the autoconfig of {_DOMAIN} says so"),
    ]
    candidates = []
    for kind, host, port, tls, reason in found:
        failure = _REFUSED if kind == "pop3" else None
        server = TriedServer(host=host, port=port, tls=tls)
        candidates.append(
            ServerCandidate(
                kind=kind,
                host=host,
                port=port,
                tls=tls,
                user=None if port == 25 else f"alice@{_DOMAIN}",
                reasons=[reason],
                trial_id=await _trial(here, host, server, kind, {"de-nbg": failure}),
            )
        )
    steps = [
        DiscoveryStep(source=f"SRV records of {_DOMAIN} (_submission._tcp, _imaps._tcp)", outcome="name servers"),
        DiscoveryStep(source=f"MX records of {_DOMAIN}", outcome=f"mx1.{_DOMAIN}, mx2.{_DOMAIN}"),
    ]
    return await _discovery(here, f"alice@{_DOMAIN}", candidates, steps)


async def add_empty_discovery(here: Installation) -> str:
    """A search that found nothing."""
    domain = "nothing-is-called-so.example"
    steps = [
        DiscoveryStep(source=f"SRV records of {domain} (_submission._tcp, _imaps._tcp)", outcome="there are none"),
        DiscoveryStep(
            source=f"Autoconfig of {domain}, as Thunderbird reads it",
            outcome=f"https://autoconfig.{domain}/mail/config-v1.1.xml: cannot resolve it: no such host",
        ),
    ]
    return await _discovery(here, f"alice@{domain}", [], steps)


async def _discovery(
    here: Installation, address: str, candidates: list[ServerCandidate], steps: list[DiscoveryStep]
) -> str:
    identity = uuid5(_NAMES, address)
    discovery = Discovery(
        id=identity,
        organization_id=here.organization,
        token_id=None,
        account_id=here.account,
        address=address,
        candidates=candidates,
        steps=steps,
        created_at=here.now,
        expires_at=here.now + _KEPT,
    )
    await discoveries.insert(here.database, discovery)
    return f"/monitors/new/find/{identity}"


async def _trial(
    here: Installation, name: str, server: TriedServer, kind: str, results: Mapping[str, Failure | None]
) -> UUID:
    """With a result for each place in `results`. Of several the others cannot try it."""
    identity = uuid5(_NAMES, name)
    places = [place for place in PLACES if place.code in results or len(results) > 1]
    checks = [
        TrialCheck(country_code=place.country, location_id=here.locations[place.code])
        if place.code in results
        else TrialCheck(country_code=place.country, reason=f"no connection to port 25 gets out at {place.code}")
        for place in places
    ]
    trial = Trial(
        id=identity,
        organization_id=here.organization,
        token_id=None,
        account_id=here.account,
        kind=kind,
        timeout_seconds=30,
        due_at=here.now,
        answer_by=here.now + timedelta(minutes=1),
        expires_at=here.now + _KEPT,
        server=server,
        checks=checks,
    )
    await trials.insert(here.database, trial)
    found = [_result(here, identity, place, results[place.code]) for place in places if place.code in results]
    await trials.store_results(here.database, found)
    return identity


def _result(here: Installation, trial: UUID, place: Place, failure: Failure | None) -> CheckResult:
    trip = place.rtt_ms
    phases = [(Phase.RESOLVE, 4.0), (Phase.CONNECT, trip)]
    if failure is not _REFUSED:
        phases += [(Phase.GREETING, trip + 8), (Phase.EHLO, trip + 2)]
        phases += [(Phase.STARTTLS, 0.2)] if failure else [(Phase.TLS, 2 * trip + 5)]
    timings, at = [], 0.0
    for phase, milliseconds in phases:
        timings.append(PhaseTiming(phase=phase, start_ms=at, duration_ms=milliseconds))
        at += milliseconds
    said = [
        TranscriptLine(at_ms=4 + trip * (1 + number / 2), speaker=speaker, text=text)
        for number, (speaker, text) in enumerate(_SAID)
    ]
    return CheckResult(
        check_id=check_id(trial, to_ms(here.now), place.code, Purpose.TRIAL),
        monitor_id=trial,
        location=place.code,
        country=place.country,
        agent="probe-1",
        purpose=Purpose.TRIAL,
        due_at=here.now,
        started_at=here.now,
        duration_ms=at + 1,
        failure=failure,
        phases=timings,
        address=None if failure is _REFUSED else "192.0.2.25",
        facts=_TLS if failure is None else {},
        transcript=[] if failure is _REFUSED else said,
    )
