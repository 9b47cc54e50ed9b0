"""What the page of a discovery shows: candidates, the best first, and where they come from. Pure."""

from __future__ import annotations

import msgspec

from controller.decisions.trials import TrialStatus
from controller.kinds import label_of
from controller.model.discoveries import DiscoveryStep
from controller.operations.discoveries import DiscoveryState, TriedCandidate
from controller.pages.check import words
from controller.pages.trial.answers import encrypted, in_words, record_of
from controller.pages.trial.view import new_path
from shared.wire.targets import TlsMode

_TLS = {
    TlsMode.NONE: "not encrypted",
    TlsMode.OPPORTUNISTIC: "STARTTLS if offered",
    TlsMode.REQUIRED: "STARTTLS",
    TlsMode.IMPLICIT: "TLS from the first byte",
}
_NOT_TRIED = "not tried: NATS does not answer, or the try is forgotten"
_NO_LOCATION = "not tried: there is no location yet"
_ENCRYPTED, _PASSED, _WARNED, _PENDING, _NOT_KNOWN, _FAILED = range(6)


class CandidateView(msgspec.Struct, frozen=True, kw_only=True):
    """`use` is the form with this server, `use_login` the same with the user. `place` is where it was tried from."""

    kind: str
    host: str
    port: int
    tls: str
    state: str
    answer: str
    place: str
    detail: str
    reasons: list[str]
    user: str | None
    use: str
    use_login: str
    trial: str
    best: bool


class DiscoveryView(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is as it was typed, `address_problem` what is wrong with it. Before anything was searched for, `id` is
    empty.
    """

    address: str = ""
    address_problem: str = ""
    id: str = ""
    done: bool = True
    summary: str = ""
    candidates: list[CandidateView] = []
    steps: list[DiscoveryStep] = []


def discovery_view(state: DiscoveryState) -> DiscoveryView:
    ranked = sorted(((_rank(one), one) for one in state.tried), key=lambda pair: pair[0])
    best = ranked[0][0] if ranked else _FAILED
    shown = [
        _candidate(one, best=rank == best and rank <= _WARNED and not number)
        for number, (rank, one) in enumerate(ranked)
    ]
    return DiscoveryView(
        address=state.discovery.address,
        id=str(state.discovery.id),
        done=state.done,
        summary=_summary(state, sum(rank <= _WARNED for rank, _ in ranked)),
        candidates=shown,
        steps=state.discovery.steps,
    )


def _summary(state: DiscoveryState, answering: int) -> str:
    number = len(state.tried)
    if not number:
        return "No server was found."
    found = "1 server may be meant" if number == 1 else f"{number} servers may be meant"
    waiting = sum(not one.done for one in state.tried)
    if waiting:
        return f"{found}; {number - waiting} of {number} tried so far."
    return f"{found}; {answering or 'none'} {'answers' if answering == 1 else 'answer'} as expected."


def _rank(one: TriedCandidate) -> int:
    """What answers comes first, and of that what is encrypted; then what is not known yet."""
    if one.trial is None or not one.trial.states:
        return _NOT_KNOWN
    check, status, _ = one.trial.states[0]
    record = record_of(check)
    if status is TrialStatus.SUCCESS and record is not None:
        return _WARNED if record.warnings else _ENCRYPTED if encrypted(record) else _PASSED
    if status is TrialStatus.PENDING:
        return _PENDING
    return _FAILED if status is TrialStatus.FAILURE else _NOT_KNOWN


def _candidate(one: TriedCandidate, *, best: bool) -> CandidateView:
    candidate = one.candidate
    fields = {
        "kind": candidate.kind,
        "host": candidate.host,
        "port": str(candidate.port),
        "tls": candidate.tls.value,
    }
    state, answer, place, detail = _tried(one)
    return CandidateView(
        kind=label_of(candidate.kind),
        host=candidate.host,
        port=candidate.port,
        tls=_TLS[candidate.tls],
        state=state,
        answer=answer,
        place=place,
        detail=detail,
        reasons=[f"{reason[:1].upper()}{reason[1:]}." for reason in candidate.reasons],
        user=candidate.user,
        use=new_path(fields),
        use_login=new_path({**fields, "user": candidate.user}) if candidate.user else "",
        trial=f"/monitors/trials/{candidate.trial_id}" if candidate.trial_id and one.trial else "",
        best=best,
    )


def _tried(one: TriedCandidate) -> tuple[str, str, str, str]:
    """The state, the answer in words, from where, and what the server said."""
    if one.trial is None:
        return "unknown", _NOT_TRIED, "", ""
    if not one.trial.states:
        return "unknown", _NO_LOCATION, "", ""
    check, status, reason = one.trial.states[0]
    place, record = check.location_name or check.country_code, record_of(check)
    if record is None:
        pending = status is TrialStatus.PENDING
        return "unknown", "being tried …" if pending else f"not tried: {reason}", place if pending else "", ""
    detail = record.failure.detail if record.failure else ""
    return words.state_of(record), in_words(record, one.trial.trial.kind), place, detail
