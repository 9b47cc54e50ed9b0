"""Try settings that no monitor has: one check from each country, whose result is kept for ten minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias
from uuid import UUID, uuid4

from controller.decisions import trials as rules
from controller.decisions.access import Permission, limits_to
from controller.decisions.monitors.monitors import DEFAULT_TIMEOUT_SECONDS
from controller.decisions.schedule.eligibility import Obstacles, abilities, alive, configured, readiness
from controller.decisions.schedule.forms import with_forms
from controller.decisions.schedule.hindrances import NOT_CHECKED, hindrance
from controller.errors import InvalidError, InvalidFieldsError, NotFoundError, noting
from controller.kinds import Configured, configured_logins, kind_named, target_of
from controller.kinds.obstacles import deficiencies, obstacles
from controller.kinds.typed import TypedTarget
from controller.kinds.typed_names import in_typed_names
from controller.model import AgentSighting, Location, Principal
from controller.model.trials import Trial, TrialCheck, TriedServer, Trying
from controller.model.values.countries import country_list
from controller.operations.access import require
from controller.operations.accounts.limits import WINDOW, require_few
from controller.store.accounts import organizations
from controller.store.checks import trials as store
from controller.store.locations import locations as location_store
from controller.store.platform.pool import Database
from controller.vault import mask
from shared.clock import now_ms, utc_now
from shared.epoch import to_datetime
from shared.nats.errors import BusError
from shared.secret import Secret
from shared.wire.targets import Login, Server

_CheckPlace: TypeAlias = tuple[TrialCheck, Location | None]

_TOO_MANY = f"An organization may begin {rules.MOST_A_MINUTE} trials a minute"


class TrialDispatch(Protocol):
    """Gives the checks of trials to the broker."""

    async def dispatch_trial(self, trying: Trying, locations: Sequence[Location]) -> None:
        """Check from these locations now. Returns when the broker has every request. Raises BusError."""


class TrialState(NamedTuple):
    """A trial, and how far each of its checks is: the status and, without a result, the reason."""

    trial: Trial
    states: list[tuple[TrialCheck, rules.TrialStatus, str | None]]

    @property
    def done(self) -> bool:
        return all(status is not rules.TrialStatus.PENDING for _, status, _ in self.states)


async def begin_trial(
    database: Database,
    dispatcher: TrialDispatch,
    principal: Principal,
    target: TypedTarget,
    countries: Sequence[str] | None = None,
    timeout_seconds: int | None = None,
) -> TrialState:
    """Check the target, whose secrets are in clear, from one location of each country; None: of those that the
    organization allows, else of all that have locations. Nothing of its secrets is stored.

    Raises InvalidFieldsError naming all fields that are wrong as our own API does, LimitedError,
    OrganizationRequiredError, BusError.
    """
    organization = principal.organization_id
    given = _read(target, countries, timeout_seconds)
    named = given.countries or await _allowed(database, organization)
    here = await _places(database, named, given.tried, given.trying.id)
    await count_trial(database, principal)
    return await _begin(database, dispatcher, principal, given.trying, here)


async def count_trial(database: Database, principal: Principal) -> None:
    """Count the begin of a trial, or of several that belong together. Raises LimitedError."""
    who = f"trials {principal.organization_id}"
    await require_few(database, who, WINDOW, rules.MOST_A_MINUTE, _TOO_MANY)


async def begin_from_one_location(
    database: Database,
    dispatcher: TrialDispatch,
    principal: Principal,
    target: TypedTarget,
    timeout_seconds: int,
    turn: UUID,
) -> TrialState:
    """Check the target from one location only. Trials of the same `turn` are from the same one, if that can run them.
    The caller counts them. Raises InvalidFieldsError, BusError.
    """
    given = _read(target, None, timeout_seconds)
    named = await _allowed(database, principal.organization_id)
    here = await _places(database, named, given.tried, turn)
    able = [place for place in here if place[1] is not None] or here
    one = able[rules.place_of(turn, len(able))] if able else None
    return await _begin(database, dispatcher, principal, given.trying, [one] if one else [])


async def _begin(
    database: Database, dispatcher: TrialDispatch, principal: Principal, trying: Trying, here: Sequence[_CheckPlace]
) -> TrialState:
    trial = Trial(
        id=trying.id,
        organization_id=principal.organization_id,
        token_id=principal.token_id,
        account_id=principal.account_id,
        kind=trying.kind,
        timeout_seconds=trying.timeout_seconds,
        due_at=trying.due_at,
        answer_by=rules.answer_by(trying.due_at, trying.timeout_seconds),
        expires_at=trying.due_at + rules.KEPT,
        server=_server(trying),
        checks=[check for check, _ in here],
    )
    await store.insert(database, trial)
    if locations := [location for _, location in here if location is not None]:
        try:
            await dispatcher.dispatch_trial(trying, locations)
        except BusError:
            await store.delete(database, trial.id)
            raise
    return _state(trial)


def _server(trying: Trying) -> TriedServer | None:
    target = trying.target
    if not isinstance(target, Server):
        return None
    return TriedServer(host=target.host, port=target.port, tls=target.tls, login=bool(trying.logins))


async def get_trial(database: Database, principal: Principal, trial_id: UUID) -> TrialState:
    """A trial of the principal's organization, as far as it is; also of an expired one nothing is known.

    Raises NotFoundError.
    """
    trial = await store.by_id(database, trial_id, limits_to(principal))
    if trial is None:
        raise NotFoundError
    require(principal, Permission.READ, trial.organization_id, None)
    if not rules.sees(principal, trial):
        raise NotFoundError
    return _state(trial)


def _state(trial: Trial) -> TrialState:
    now = utc_now()
    return TrialState(trial, [(check, *rules.status_of(check, trial, now)) for check in trial.checks])


class _Given(NamedTuple):
    trying: Trying
    tried: Configured
    countries: list[str] | None


def _read(target: TypedTarget, countries: Sequence[str] | None, timeout_seconds: int | None) -> _Given:
    """Raises InvalidFieldsError."""
    problems: list[InvalidError] = []
    with noting(problems):
        named = country_list(countries, field="countries")
    with noting(problems):
        tried = target.written()
    if problems:
        raise InvalidFieldsError(problems)
    longest = kind_named(tried.kind).longest_timeout_seconds
    timeout = min(DEFAULT_TIMEOUT_SECONDS, longest) if timeout_seconds is None else timeout_seconds
    if not 1 <= timeout <= longest:
        problems.append(InvalidError("timeout", f"must be from 1 to {longest}"))
    with noting(problems, partial(in_typed_names, kind=tried.kind)):
        wire = target_of(tried)
    with noting(problems, partial(in_typed_names, kind=tried.kind)):
        logins = configured_logins(tried)
    if problems:
        raise InvalidFieldsError(list({str(each): each for each in problems}.values()))
    trying = Trying(
        id=uuid4(),
        kind=tried.kind,
        target=wire,
        config=mask(tried.config),
        logins={name: Login(one.user, Secret(one.secret), one.bearer) for name, one in logins.items()},
        due_at=to_datetime(now_ms()),
        timeout_seconds=timeout,
    )
    return _Given(trying, tried, named)


async def _allowed(database: Database, organization: int) -> list[str] | None:
    own = await organizations.by_id(database, organization)
    return own.allowed_check_country_codes if own else None


async def _places(
    database: Database, countries: Sequence[str] | None, tried: Configured, trial: UUID
) -> list[_CheckPlace]:
    """The check of each country and the location that is to run it, by country."""
    every = configured(await location_store.present_locations(database), countries)
    now, sightings = await location_store.sightings(database)
    able = {here.id: abilities(here, sightings.get(here.id, []), now) for here in every}
    needs = _Needs(
        tried.kind,
        deficiencies(tried),
        readiness(able, tried.kind, obstacles(tried)).ready,
        {here.id: alive(sightings.get(here.id, []), now) for here in every},
    )
    there = [with_forms(here, sightings.get(here.id, []), now) for here in every]
    return [_place(trial, country, there, needs) for country in sorted(_named(countries, every))]


class _Needs(NamedTuple):
    """What a location must be able to do, which ones are, and the living agents of each."""

    kind: str
    deficiencies: Obstacles
    ready: Collection[int]
    living: Mapping[int, Sequence[AgentSighting]]


def _named(countries: Sequence[str] | None, locations: Iterable[Location]) -> set[str]:
    return {here.country_code for here in locations} if countries is None else set(countries)


def _place(trial: UUID, country: str, locations: Sequence[Location], needs: _Needs) -> _CheckPlace:
    here = [location for location in locations if location.country_code == country]
    ready = [location for location in here if location.id in needs.ready]
    able = [location for location in ready if rules.runs_trials(location)]
    if able:
        one = rules.chosen(trial, able)
        check = TrialCheck(country_code=country, location_id=one.id, location_code=one.code, location_name=one.name)
        return check, one
    if not here:
        reason = rules.NO_LOCATION
    elif ready:
        reason = rules.OUTDATED
    else:
        reason = hindrance(needs.kind, needs.deficiencies, here, needs.living, ()).removeprefix(NOT_CHECKED)
    return TrialCheck(country_code=country, reason=reason or rules.NO_AGENT), None
