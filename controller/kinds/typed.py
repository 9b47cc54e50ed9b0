"""The target of a monitor as our own API has it: each kind states a struct with the same names for the same things, and
both ways between it and what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.errors import InvalidError
from controller.kinds.configured import Configured
from shared.wire.targets.base import Login

TARGET = "target"
"""The name of the target in bodies, with which the fields of errors begin."""

LONGEST_SECRET = 10_000


class Written(NamedTuple):
    """A target as it is stored (controller.kinds.Configured), its config with secrets in clear or masked."""

    kind: str
    hostname: str
    port: int | None
    config: dict[str, Any]
    address: str | None = None


class TypedTarget(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a monitor of one kind checks. A kind's struct has the tag of its kind (`tag_field="kind"`, `tag="…"`).

    `FIELDS` are the names here of what is stored elsewhere, by the path in the config (`auth.pass`), or `hostname` and
    `port`. `IGNORED` are fields that only answers have. `KEPT` are the members, at any depth, that stay as they are
    when they are left out, and that null removes: secrets, and what holds them. `EXAMPLE` is a whole target without its
    kind, for documents.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {}
    FIELDS: ClassVar[Mapping[str, str]] = {}
    IGNORED: ClassVar[frozenset[str]] = frozenset()
    KEPT: ClassVar[frozenset[str]] = frozenset({"login", "password", "accessToken"})

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:
        """What is stored, without its secrets. `field` is the config's name in errors. Raises InvalidError."""
        raise NotImplementedError

    def into(self, config: dict[str, Any]) -> Written:
        """How it is stored; keys of `config` that this kind does not know stay, and secrets that are left out. Raises
        InvalidError.
        """
        raise NotImplementedError

    def with_kept(self, logins: Mapping[str, Login]) -> Self:  # noqa: ARG002 - here are none
        """The target with these logins' secrets where it leaves them out, for a monitor that becomes another kind."""
        return self

    def written(self, previous: Configured | None = None) -> Written:
        """How it is stored in the place of `previous`, whose config has masks for its secrets. A target that says the
        same keeps the config as it is. Raises InvalidError.
        """
        if previous is None:
            return self.into({})
        new = self.into(previous.config)
        if previous.kind != new.kind:
            return new
        try:
            same = type(self).of(previous, TARGET).into(previous.config)
        except InvalidError:
            return new
        if msgspec.json.encode(new.config) != msgspec.json.encode(same.config):
            return new
        return new._replace(config=previous.config)


class TargetLogin(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to log in with: a user, and a password or an access token. Without both nobody logs in."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"hasPassword", "hasAccessToken"})

    user: Annotated[str, Meta(description="The name to log in with.", max_length=1000, examples=["probe@example.com"])]
    password: (
        Annotated[
            str,
            Meta(
                description="Never shown. Left out: the stored one is kept; null removes it.",
                min_length=1,
                max_length=LONGEST_SECRET,
                examples=["correct horse battery staple"],
                extra_json_schema={"writeOnly": True},
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    access_token: (
        Annotated[
            str,
            Meta(
                description="An OAuth 2.0 access token (XOAUTH2) in the place of a password. Never shown. Left out: the"
                " stored one is kept, unless a password is sent; null removes it.",
                min_length=1,
                max_length=LONGEST_SECRET,
                extra_json_schema={"writeOnly": True},
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    has_password: Annotated[
        bool, Meta(description="Whether a password is stored.", extra_json_schema={"readOnly": True})
    ] = False
    has_access_token: Annotated[
        bool, Meta(description="Whether an access token is stored.", extra_json_schema={"readOnly": True})
    ] = False

    def __repr__(self) -> str:
        return f"TargetLogin({self.user!r}, ********)"


def shown_login(section: Mapping[str, Any], password: str) -> TargetLogin | None:
    """The login in a section of a config, which has the password under that key; None without any."""
    user, has_password, has_token = (bool(section.get(key)) for key in ("user", password, "accessToken"))
    if not (user or has_password or has_token):
        return None
    return TargetLogin(user=str(section.get("user") or ""), has_password=has_password, has_access_token=has_token)


def with_login(
    section: dict[str, Any], login: TargetLogin | UnsetType | None, password: str, *, name: str = "login"
) -> dict[str, Any]:
    """The section with this login: left out it stays, None removes it, and a new secret takes the place of the other
    one. Raises InvalidError, where `name` is the login's in the target.
    """
    if login is UNSET:
        return section
    others = {key: value for key, value in section.items() if key not in ("user", password, "accessToken")}
    if login is None:
        return others
    sent = {password: login.password, "accessToken": login.access_token}
    new = {key: value for key, value in sent.items() if isinstance(value, str)}
    if len(new) > 1:
        raise InvalidError(f"{TARGET}.{name}", "must have a password or an access token, not both")
    kept = {key: section[key] for key, value in sent.items() if value is UNSET and key in section}
    return {**others, "user": login.user, **(new or kept)}


def kept_login(login: TargetLogin | UnsetType | None, stored: Login | None) -> TargetLogin | UnsetType | None:
    """The login with the stored secret where it leaves it out."""
    if stored is None or login is None:
        return login
    if isinstance(login, UnsetType):
        login = TargetLogin(user=stored.user)
    if login.password is not UNSET or login.access_token is not UNSET:
        return login
    secret = {"access_token" if stored.bearer else "password": stored.password.reveal()}
    return msgspec.structs.replace(login, **secret)


def put(section: dict[str, Any], key: str, value: object, usual: object) -> None:
    """Set a key of a config, or leave it out where it says what holds without it."""
    if value == usual:
        section.pop(key, None)
    else:
        section[key] = value
