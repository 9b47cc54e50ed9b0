"""Bodies and answers of `/api/v1/sign-on`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from controller.decisions.sign_on import check_domain, check_issuer, check_printable, check_scopes
from controller.http.timestamps import Timestamp, timestamp
from controller.model import Role
from controller.model.sign_on import CLIENT_SECRET, GroupRole
from controller.model.values.public_url import PublicUrl
from controller.model.values.ruled import ruled
from controller.operations.sign_on.logins import login_url_of, redirect_uri_of
from controller.operations.sign_on.settings import OwnedSignOn, SignOnChange
from shared.secret import Secret

READ_ONLY = frozenset({"id", "hasClientSecret", "redirectUri", "loginUrl", "createdAt", "updatedAt"})
_DEFAULT_SCOPES = ["openid", "email", "profile"]
_DEFAULT_CLAIM = "groups"

Issuer = Annotated[
    str,
    Meta(
        description="The provider, exactly as its discovery document names itself; that is read below it at"
        " `/.well-known/openid-configuration`. An https URL without user, query and fragment, whose host has a public"
        " address or one that the operator allows for webhooks (`MAILPROBE_NOTIFY_ALLOW_NETWORKS`).",
        examples=["https://login.example.com/realms/example"],
        min_length=1,
        max_length=2000,
        extra=ruled(check_issuer),
    ),
]
_ClientId = Annotated[
    str,
    Meta(
        description="The id of the client that the provider has for this installation, of ASCII characters.",
        examples=["mailprobe"],
        min_length=1,
        max_length=255,
        pattern="^[ -~]+$",
    ),
]
_ClientSecret = Annotated[
    str,
    Meta(
        description="The client's secret, of ASCII characters. It is never read back: answers say `hasClientSecret`."
        " Left out it stays as it is, null removes it: a public client has none, and is protected by PKCE alone. With"
        " another issuer it must be sent again.",
        examples=["n0t-a-real-secret"],
        min_length=1,
        max_length=1000,
        pattern="^[ -~]+$",
    ),
]
_Scopes = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[!#-\[\]-~]+$")]],
    Meta(
        description="What the provider is asked for; `openid` must be among them. The default is openid, email and"
        " profile. Some providers tell groups only with one more, often `groups`.",
        examples=[["openid", "email", "profile", "groups"]],
        min_length=1,
        max_length=20,
        extra=ruled(check_scopes),
    ),
]
_GroupsClaim = Annotated[
    str,
    Meta(
        description="The claim that lists the person's groups, or a path to it such as `realm_access.roles`. The"
        " default is `groups`.",
        examples=["groups"],
        min_length=1,
        max_length=255,
        extra=ruled(check_printable),
    ),
]
_RoleName = Annotated[
    Role,
    Meta(description="What its people may do. Global roles only in the organization that runs the installation."),
]
_DefaultRole = Annotated[
    Role,
    Meta(
        description="The role of people in none of the groups of `roles`; null, which is the default, refuses them."
        " Never a global role.",
        examples=["readonly"],
    ),
]
_CreateUsers = Annotated[
    bool,
    Meta(
        description="Whether somebody without an account gets one at the first login. The default is false: then"
        " administrators create accounts, and the provider signs in to those with the same e-mail address.",
        examples=[True],
    ),
]
_Domains = Annotated[
    list[Annotated[str, Meta(min_length=3, max_length=253, extra=ruled(check_domain))]],
    Meta(
        description="The domains of the e-mail addresses that may sign in, without regard to case. The login page finds"
        " the organization by them. Null, which is the default, allows every address that the provider has verified;"
        " people then begin at `loginUrl`.",
        examples=[["example.com"]],
        min_length=1,
        max_length=100,
    ),
]
_Roles = Annotated[
    list["GroupRoleBody"],
    Meta(
        description="What the people of each group may do; of several that fit the first counts. It is looked up at"
        " each login, and replaces what the account had. The default is none.",
        max_length=200,
    ),
]


class GroupRoleBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The role of the people in a group of the provider."""

    group: Annotated[
        str,
        Meta(
            description="The group, exactly as the provider names it in the claim.",
            examples=["mail-operators"],
            min_length=1,
            max_length=255,
            extra=ruled(check_printable),
        ),
    ]
    role: _RoleName
    customers: Annotated[
        Annotated[list[UUID], Meta(max_length=1000)] | None,
        Meta(
            description="The ids of the customers that the people are limited to; null, which is the default, is no"
            " limit. Of `readonly` people see only the customers that are named."
        ),
    ] = None


class SignOnBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All settings; what is left out has its default, but for the secret, which stays as it is."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "issuer": "https://login.example.com/realms/example",
        "clientId": "mailprobe",
        "clientSecret": "n0t-a-real-secret",
        "scopes": ["openid", "email", "profile"],
        "groupsClaim": "groups",
        "roles": [
            {"group": "mail-admins", "role": "admin", "customers": None},
            {"group": "mail-operators", "role": "user", "customers": ["11111111-1111-4111-8111-111111111111"]},
        ],
        "defaultRole": None,
        "createUsers": True,
        "allowedEmailDomains": ["example.com"],
    }

    issuer: Issuer
    client_id: _ClientId
    client_secret: _ClientSecret | UnsetType | None = UNSET
    scopes: _Scopes = field(default_factory=_DEFAULT_SCOPES.copy)
    groups_claim: _GroupsClaim = _DEFAULT_CLAIM
    roles: _Roles = []
    default_role: _DefaultRole | None = None
    create_users: _CreateUsers = False
    allowed_email_domains: _Domains | None = None


class SignOnPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A JSON Merge Patch: what is left out stays as it is, null is the default; a list is replaced as a whole."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {"defaultRole": "readonly", "createUsers": False}

    issuer: Issuer | UnsetType = UNSET
    client_id: _ClientId | UnsetType = UNSET
    client_secret: _ClientSecret | UnsetType | None = UNSET
    scopes: _Scopes | UnsetType | None = UNSET
    groups_claim: _GroupsClaim | UnsetType | None = UNSET
    roles: _Roles | UnsetType | None = UNSET
    default_role: _DefaultRole | UnsetType | None = UNSET
    create_users: _CreateUsers | UnsetType | None = UNSET
    allowed_email_domains: _Domains | UnsetType | None = UNSET


class SignOnAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The settings of an organization; `id` is the organization's."""

    id: Annotated[UUID, Meta(description="The id of the organization.")]
    issuer: Issuer
    client_id: _ClientId
    has_client_secret: Annotated[bool, Meta(description="Whether a secret is stored.")]
    scopes: _Scopes
    groups_claim: _GroupsClaim
    roles: _Roles
    default_role: _DefaultRole | None
    create_users: _CreateUsers
    allowed_email_domains: _Domains | None
    redirect_uri: Annotated[
        str | None,
        Meta(
            description="The address to enter at the provider as the one it sends people back to. Null without"
            " `MAILPROBE_PUBLIC_URL`; nobody can sign in then."
        ),
    ]
    login_url: Annotated[
        str | None,
        Meta(
            description="Where a login begins without the login page, for bookmarks and the provider's own start page."
        ),
    ]
    created_at: Timestamp
    updated_at: Timestamp


BODIES = (GroupRoleBody, SignOnBody, SignOnPatch, SignOnAnswer)

EXAMPLE: dict[str, Any] = {
    "id": "55555555-5555-4555-8555-555555555555",
    **{name: value for name, value in SignOnBody.EXAMPLE.items() if name != CLIENT_SECRET},
    "hasClientSecret": True,
    "redirectUri": "https://mailprobe.example.com/login/sign-on/55555555-5555-4555-8555-555555555555/return",
    "loginUrl": "https://mailprobe.example.com/login/sign-on/55555555-5555-4555-8555-555555555555",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def sign_on_answer(found: OwnedSignOn, public_url: PublicUrl) -> SignOnAnswer:
    sign_on, public_id = found.sign_on, found.organization.public_id
    return SignOnAnswer(
        id=public_id,
        issuer=sign_on.issuer,
        client_id=sign_on.client_id,
        has_client_secret=CLIENT_SECRET in sign_on.config,
        scopes=sign_on.scopes,
        groups_claim=sign_on.groups_claim,
        roles=[GroupRoleBody(group=given.group, role=given.role, customers=given.customers) for given in sign_on.roles],
        default_role=sign_on.default_role,
        create_users=sign_on.create_users,
        allowed_email_domains=sign_on.allowed_email_domains,
        redirect_uri=redirect_uri_of(public_url, public_id),
        login_url=login_url_of(public_url, public_id),
        created_at=timestamp(sign_on.created_at),
        updated_at=timestamp(sign_on.updated_at),
    )


def sign_on_change(body: SignOnBody) -> SignOnChange:
    secret = body.client_secret
    return SignOnChange(
        issuer=body.issuer,
        client_id=body.client_id,
        client_secret=Secret(secret) if isinstance(secret, str) else secret,
        scopes=body.scopes,
        groups_claim=body.groups_claim,
        roles=[GroupRole(group=given.group, role=given.role, customers=given.customers) for given in body.roles],
        default_role=body.default_role,
        create_users=body.create_users,
        allowed_email_domains=body.allowed_email_domains,
    )
