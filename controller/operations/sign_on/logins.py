"""Sign people in by their organization's provider: send them there, and let in whom it sends back."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from controller.decisions.monitors.monitors import is_email
from controller.decisions.sign_on import domain_of, refusal_of_person
from controller.errors import NotFoundError, SignOnRefusedError
from controller.model import Account
from controller.model.sign_on import CLIENT_SECRET, SignedOn, SignOn
from controller.model.values.public_url import PublicUrl
from controller.operations.accounts.limits import network_of, require_few
from controller.operations.accounts.login_entries import record_refused_sign_on
from controller.operations.accounts.passwords import Passwords
from controller.operations.sign_on.accounts import NotLetInError, let_in
from controller.operations.sign_on.attempts import is_of, new_attempt, opened, sealed
from controller.sign_on.code_flow import Client, authorization_url, signed_on
from controller.sign_on.errors import ProviderError
from controller.sign_on.providers import Providers
from controller.store.accounts import organizations, request_counts
from controller.store.accounts import sign_on as store
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.vault import Vault, VaultError
from shared.clock import utc_now
from shared.secret import Secret

PATH = "/login/sign-on"
NOT_OFFERED = "No organization here signs in addresses of this domain by its own login. Log in with your password."
NOT_BEGUN = "This login was not begun in this browser, or more than ten minutes ago. Begin again."
FAILED = "Your organization's login did not answer as it should. Administrators find the reason in the audit log."
DECLINED = "Your organization's login did not let you in."
NOT_ALLOWED = "Your organization does not let you in here. Administrators find the reason in the audit log."

_WINDOW = timedelta(minutes=15)
_TRIES = 100
_TOO_MANY = "Too many login attempts; try again later"
_LONGEST_CODE = 4000


class Beginning(NamedTuple):
    """Where the browser is to go, and what it must keep in a cookie meanwhile."""

    url: str
    cookie: Secret


class Reply(NamedTuple):
    """What the provider sent the browser back with (RFC 6749, section 4.1.2)."""

    state: str
    code: str | None = None
    error: str | None = None
    issuer: str | None = None


class LetIn(NamedTuple):
    """The secret of the browser's cookie, and the page that follows."""

    secret: Secret
    following: str


class SignOns:
    """The logins by providers of one installation, which people reach at `public_url`."""

    def __init__(
        self, database: Database, vault: Vault, passwords: Passwords, providers: Providers, public_url: PublicUrl
    ) -> None:
        self._database = database
        self._vault = vault
        self._passwords = passwords
        self._providers = providers
        self._public_url = public_url

    async def are_offered(self) -> bool:
        """Whether any organization has single sign-on, and providers can send people back. Without the database nobody
        can log in in any way.
        """
        try:
            return bool(self._public_url.url) and await store.is_offered(self._database)
        except StoreUnavailableError:
            return False

    async def begin_by_address(self, email: str, following: str, *, address: str) -> Beginning:
        """Find the organization by the domain of somebody's e-mail address. It does not depend on whether the person
        has an account. Raises SignOnRefusedError, LimitedError.
        """
        await self._require_few(address)
        email = email.strip()
        number = None
        if is_email(email):
            number = await store.organization_for(self._database, domain_of(email), email)
        if number is None:
            raise SignOnRefusedError(NOT_OFFERED)
        return await self._begin(number, following, address, login_hint=email)

    async def begin(self, public_id: UUID, following: str, *, address: str) -> Beginning:
        """Raises NotFoundError when the organization has no single sign-on; SignOnRefusedError, LimitedError."""
        await self._require_few(address)
        organization = await organizations.by_public_id(self._database, None, public_id)
        if organization is None or await store.of_organization(self._database, organization.id) is None:
            raise NotFoundError
        return await self._begin(organization.id, following, address, login_hint=None)

    async def finish(
        self, public_id: UUID, cookie: str | None, reply: Reply, *, address: str, user_agent: str | None
    ) -> LetIn:
        """Let in whom the provider has sent back to the address of this organization. Each organization has its own, so
        that one's provider cannot have another one's codes sent to it. Raises NotFoundError, SignOnRefusedError,
        LimitedError.
        """
        await self._require_few(address)
        organization = await organizations.by_public_id(self._database, None, public_id)
        sign_on = None if organization is None else await store.of_organization(self._database, organization.id)
        if sign_on is None:
            raise NotFoundError
        attempt = opened(self._vault, cookie, reply.state, utc_now())
        if attempt is None or not is_of(attempt, sign_on.organization_id, sign_on.issuer):
            raise SignOnRefusedError(NOT_BEGUN)
        if reply.code is None or len(reply.code) > _LONGEST_CODE:
            await self._record(sign_on, None, address, "the provider sent the person back without a code")
            raise SignOnRefusedError(DECLINED)
        try:
            person = await signed_on(
                self._providers,
                self._client(sign_on, public_id),
                attempt.proofs,
                code=reply.code,
                issuer_of_answer=reply.issuer,
                groups_claim=sign_on.groups_claim,
                now=utc_now(),
            )
        except (ProviderError, VaultError) as error:
            await self._record(sign_on, None, address, str(error))
            raise SignOnRefusedError(FAILED) from None
        secret = await self._let_in(sign_on, person, address, user_agent)
        for _ in ("begun", "finished"):  # many people may share an address, so only what fails counts
            await request_counts.take_back(self._database, _who(address))
        return LetIn(secret, attempt.following)

    async def _begin(self, number: int, following: str, address: str, *, login_hint: str | None) -> Beginning:
        sign_on = await store.of_organization(self._database, number)
        organization = await organizations.by_id(self._database, number)
        if sign_on is None or organization is None:  # it was deleted meanwhile
            raise SignOnRefusedError(NOT_OFFERED)
        attempt = new_attempt(number, sign_on.issuer, following, utc_now())
        try:
            url = await authorization_url(
                self._providers,
                self._client(sign_on, organization.public_id),
                attempt.proofs,
                scopes=sign_on.scopes,
                login_hint=login_hint,
            )
        except (ProviderError, VaultError) as error:
            await self._record(sign_on, None, address, str(error))
            raise SignOnRefusedError(FAILED) from None
        return Beginning(url, sealed(self._vault, attempt))

    def _client(self, sign_on: SignOn, public_id: UUID) -> Client:
        """Raises ProviderError, VaultError."""
        redirect_uri = redirect_uri_of(self._public_url, public_id)
        if redirect_uri is None:
            raise ProviderError("single sign-on needs MAILPROBE_PUBLIC_URL")
        stored = sign_on.config.get(CLIENT_SECRET)
        secret = None if stored is None else Secret(str(self._vault.decrypt(stored)))
        return Client(sign_on.issuer, sign_on.client_id, secret, redirect_uri)

    async def _let_in(self, sign_on: SignOn, person: SignedOn, address: str, user_agent: str | None) -> Secret:
        if reason := refusal_of_person(sign_on, person):
            await self._record(sign_on, None, address, reason)
            raise SignOnRefusedError(NOT_ALLOWED)
        try:
            return await let_in(
                self._database, self._passwords, sign_on, person, address=address, user_agent=user_agent
            )
        except NotLetInError as error:
            await self._record(sign_on, error.account, address, str(error))
            raise SignOnRefusedError(NOT_ALLOWED) from None

    async def _record(self, sign_on: SignOn, account: Account | None, address: str, reason: str) -> None:
        await record_refused_sign_on(self._database, sign_on.organization_id, account, address=address, reason=reason)

    async def _require_few(self, address: str) -> None:
        await require_few(self._database, _who(address), _WINDOW, _TRIES, _TOO_MANY)


def _who(address: str) -> str:
    return f"sign_on:{network_of(address)}"


def redirect_uri_of(public_url: PublicUrl, organization: UUID) -> str | None:
    """Where the provider sends people back to; None without MAILPROBE_PUBLIC_URL."""
    return public_url.link(f"{PATH}/{organization}/return")


def login_url_of(public_url: PublicUrl, organization: UUID) -> str | None:
    """Where people of an organization begin; None without MAILPROBE_PUBLIC_URL."""
    return public_url.link(f"{PATH}/{organization}")
