"""The rules of single sign-on: which settings are valid, and what somebody may do whom a provider signs in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from controller.decisions.access import GLOBAL
from controller.decisions.monitors.monitors import is_email
from controller.errors import InvalidError, noting
from controller.model import Account, Role
from controller.model.sign_on import GroupRole, SignedOn, SignOn
from shared.host_names import is_host

OPENID = "openid"
_LOCALHOST = "localhost"
_LONGEST_URL = 2000


def problems_of(sign_on: SignOn, *, operating: bool) -> list[InvalidError]:
    """What is wrong with settings. `operating`: the organization runs the installation; only its people may get a
    global role.
    """
    return list(_problems(sign_on, operating))


def check_issuer(issuer: str, *, field: str = "issuer") -> None:
    """Raises InvalidError."""
    if not is_provider_url(issuer) or "?" in issuer:
        raise InvalidError(field, "must be an https URL without user, query and fragment")


def check_scopes(scopes: Sequence[str], *, field: str = "scopes") -> None:
    """Raises InvalidError."""
    if OPENID not in scopes:
        raise InvalidError(field, f"must hold {OPENID}")


def check_printable(text: str, *, field: str) -> None:
    """Raises InvalidError."""
    if not text.isprintable():
        raise InvalidError(field, "must be of printable characters")


def check_domain(domain: str, *, field: str) -> None:
    """Raises InvalidError."""
    if not is_host(domain) or "." not in domain:
        raise InvalidError(field, "must be a domain, as example.com")


def _problems(sign_on: SignOn, operating: bool) -> Iterator[InvalidError]:
    of_values: list[InvalidError] = []
    with noting(of_values):
        check_issuer(sign_on.issuer)
    with noting(of_values):
        check_scopes(sign_on.scopes)
    with noting(of_values):
        check_printable(sign_on.groups_claim, field="groupsClaim")
    for index, given in enumerate(sign_on.roles):
        with noting(of_values):
            check_printable(given.group, field=f"roles[{index}].group")
    for index, domain in enumerate(sign_on.allowed_email_domains or ()):
        with noting(of_values):
            check_domain(domain, field=f"allowedEmailDomains[{index}]")
    yield from of_values
    groups = [given.group for given in sign_on.roles]
    for index, given in enumerate(sign_on.roles):
        if given.group in groups[:index]:
            yield InvalidError(f"roles[{index}].group", "is named before: the first one counts")
        if given.role in GLOBAL and not operating:
            yield InvalidError(f"roles[{index}].role", _not_global())
        if given.customers == []:
            yield InvalidError(f"roles[{index}].customers", "must name a customer, or be null for no limit")
    if sign_on.default_role in GLOBAL:
        yield InvalidError("defaultRole", "must not be a global role: it is for everybody")
    if sign_on.allowed_email_domains == []:
        yield InvalidError("allowedEmailDomains", "must hold a domain, or be null for every verified address")


def _not_global() -> str:
    own = ", ".join(role for role in Role if role not in GLOBAL)
    return f"must be one of {own}: global roles are for the organization that runs the installation"


def is_provider_url(url: str) -> bool:
    """Whether this may be an address of a provider: https, or http on this machine itself, for tests."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = "@" in parts.netloc or "#" in url or not url.isascii() or not url.isprintable() or " " in url
    if plain or len(url) > _LONGEST_URL or port == 0 or not is_host(host):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == _LOCALHOST


def domain_of(email: str) -> str:
    """The domain of an e-mail address, as allowed_email_domains has it."""
    return email.rpartition("@")[2].lower()


def refusal_of_person(sign_on: SignOn, person: SignedOn) -> str | None:
    """Why somebody whom the provider has signed in may not come in: by the address. None when nothing is wrong."""
    if person.email is None or not is_email(person.email):
        return "the provider gave no e-mail address"
    if not person.email_verified:
        return "the provider has not verified the e-mail address"
    allowed = sign_on.allowed_email_domains
    if allowed is not None and domain_of(person.email) not in allowed:
        return "the domain of the e-mail address is not one of allowedEmailDomains"
    return None


def rights_of(sign_on: SignOn, person: SignedOn, *, operating: bool) -> GroupRole | None:
    """The role, and the customers it is limited to, that the person has; None is not to be let in."""
    for given in sign_on.roles:
        if given.group in person.groups and (operating or given.role not in GLOBAL):
            return given
    return None if sign_on.default_role is None else GroupRole(group="", role=sign_on.default_role)


def may_take(account: Account, organization_id: int, *, linked: bool, known: bool, operating: bool) -> bool:
    """Whether somebody may be signed in to an account that exists. `linked`: the provider's subject is this account's;
    `known`: this account is another subject's of the provider.

    One of another organization never is, and neither is one with a global role, which an organization's provider could
    give itself, unless the organization runs the installation.
    """
    if account.organization_id != organization_id or (account.role in GLOBAL and not operating):
        return False
    return linked or not known
