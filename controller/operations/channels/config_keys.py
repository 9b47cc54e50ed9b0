"""What the config of each type of channel holds: the names in our own API, and the keys under which it is stored."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta

from controller.decisions.notification.channels import MINIMUM_DURATION, ONLY_FULL
from controller.decisions.notification.retries import LONGEST_RETRY_DELAY, MOST_RETRIES
from controller.errors import InvalidError
from controller.model.values.field_names import camel
from controller.model.values.ruled import ruled
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.apprise.services import SERVICES
from controller.notify.handover.services import HANDED_OVER
from controller.notify.webhook.sender import LONGEST_TIMEOUT, METHODS

HOOK = "secret"
HEADERS = "headers"
RETRY_ATTEMPTS = "retry_attempts"
RETRY_DELAY = "retry_delay"
_LONGEST = 2000


class ConfigKey(NamedTuple):
    """A member of a config. `kind` is its type. A `secret` can be written and not read."""

    name: str
    kind: Any
    stored: str
    secret: bool = False


def _text(name: str, description: str, *, secret: bool = False, stored: str | None = None) -> ConfigKey:
    extra = {"writeOnly": True} if secret else {}
    kind = Annotated[str, Meta(description=description, min_length=1, max_length=_LONGEST, extra_json_schema=extra)]
    return ConfigKey(name, kind, stored or name, secret)


def _hook(description: str) -> ConfigKey:
    return _text("webhook_url", description, secret=True, stored=HOOK)


def _check_email(text: str, *, field: str) -> None:
    if len(email_addresses({"email": text})) != 1:
        raise InvalidError(field, "must be an e-mail address")


def _check_phone(text: str, *, field: str) -> None:
    if len(phone_numbers({"phoneNumber": text})) != 1:
        raise InvalidError(field, "must be a phone number as +4930123456")


CHECKS_OF_ITEMS = {"email": _check_email, "sms": _check_phone}
"""Of the types of channel that tell several addresses, what checks one of them. Each raises InvalidError."""

_INCOMING = "The URL of an incoming webhook as the service prints it, or an Apprise URL."
_APPRISE = _text("apprise_url", "An Apprise URL instead of the other keys.", secret=True, stored=HOOK)


def _secret(name: str, stored: str, description: str) -> ConfigKey:
    return _text(name, description, secret=True, stored=stored)


_API_KEY = _secret("api_key", "apiKey", "The key of its API.")
_SERVER = _text("url", "The http or https URL of the server.")

_PASSWORD = _secret("password", "password", "The user's password.")
_WEBHOOK_SECRET = _secret(
    "webhook_secret",
    "webhookSecret",
    "What people do there comes back by /hooks: the secret that its webhook signs with, or sends as a bearer token.",
)


def _host(usual: str) -> ConfigKey:
    return _text("url", f"The URL of its API, where it is another one than {usual}.")


_OF_SERVICES: dict[str, tuple[ConfigKey, ...]] = {
    "alertmanager": (
        _SERVER,
        _text("labels", "Labels that every alert gets, as `team=mail, severity=critical`."),
        _secret("token", "token", "A bearer token, if it needs one."),
        _text("user", "The user name, if it needs one."),
        _PASSWORD,
    ),
    "allquiet": (_hook("The URL of an inbound integration of the type Webhook."),),
    "gitlab": (
        _text("url", "The URL of an alert integration of the type HTTP endpoint."),
        _secret("token", "token", "The authorization key of the integration."),
    ),
    "goalert": (_hook("The URL of a generic API integration key, with its token."),),
    "grafanaoncall": (_hook("The URL of an integration of the type Formatted webhook."),),
    "linear": (
        _API_KEY,
        _text("team_id", "The id of the team in which issues are made.", stored="teamId"),
        _host("https://api.linear.app/graphql"),
    ),
    "servicenow": (
        _text("url", "The URL of the instance."),
        _text("user", "A user with the role evt_mgmt_integration."),
        _PASSWORD,
    ),
    "github": (
        _secret("token", "token", "An access token that may open issues."),
        _text("owner", "The owner of the repository."),
        _text("repo", "The repository."),
        _APPRISE,
    ),
    "gotify": (_SERVER, _secret("token", "token", "An application's token."), _APPRISE),
    "ilert": (_API_KEY, _APPRISE),
    "incidentio": (
        _text("source_id", "The id of the alert source.", stored="sourceId"),
        _secret("api_token", "apiToken", "The token of the alert source."),
        _APPRISE,
    ),
    "jira": (_API_KEY, _APPRISE),
    "matrix": (
        _SERVER,
        _secret("token", "token", "An access token."),
        _text("room", "A room's id or alias."),
        _APPRISE,
    ),
    "ntfy": (
        _SERVER,
        _text("topic", "The topic."),
        _secret("token", "token", "An access token, where the topic needs one."),
        _APPRISE,
    ),
    "opsgenie": (_API_KEY, _host("https://api.opsgenie.com"), _WEBHOOK_SECRET, _APPRISE),
    "pagerduty": (
        _secret("routing_key", "routingKey", "The integration's key."),
        _host("https://events.pagerduty.com"),
        _WEBHOOK_SECRET,
        _APPRISE,
    ),
    "pushover": (
        _secret("user_key", "userKey", "The key of a person or group."),
        _secret("api_token", "apiToken", "The application's token."),
        _APPRISE,
    ),
    "squadcast": (_API_KEY, _hook("The URL of its webhook, or an Apprise URL, instead of apiKey.")),
    "telegram": (
        _secret("bot_token", "botToken", "The bot's token."),
        _text("chat_id", "The chat.", stored="chatId"),
        _APPRISE,
    ),
}

_WEBHOOK = (
    _text("url", "The http or https URL that is called. Who may not change the channel sees its host only."),
    ConfigKey(
        "method",
        Annotated[Literal[METHODS], Meta(description="Default POST.")],
        "method",
    ),
    ConfigKey(
        "timeout",
        Annotated[float, Meta(description="Seconds for the whole request; default 10.", ge=1, le=LONGEST_TIMEOUT)],
        "timeout",
    ),
    ConfigKey(
        HEADERS,
        Annotated[
            dict[str, str | None],
            Meta(
                description="Headers to add. One whose name is a secret's, as Authorization, is not answered: left out"
                " it stays, null removes it.",
                max_length=50,
                examples=[{"X-Source": "mailprobe"}],
            ),
        ],
        HEADERS,
    ),
    ConfigKey(
        "expected_status_codes",
        Annotated[
            list[Annotated[int, Meta(ge=100, le=599)]],
            Meta(description="Answers that count as received; null: every 2xx.", max_length=100),
        ],
        "expectedStatusCodes",
    ),
    ConfigKey(
        RETRY_ATTEMPTS,
        Annotated[
            int,
            Meta(
                description="How often a request that failed is repeated. Null: Mailprobe's own pauses, over two days,"
                " unless retryDelay is set.",
                ge=0,
                le=MOST_RETRIES,
            ),
        ],
        "retryAttempts",
    ),
    ConfigKey(
        RETRY_DELAY,
        Annotated[
            int, Meta(description="Seconds between these repetitions; 60 if null.", ge=1, le=LONGEST_RETRY_DELAY)
        ],
        "retryDelay",
    ),
    ConfigKey(
        "body_template",
        Annotated[
            str | dict[str, Any] | Annotated[list[Any], Meta(extra_json_schema={"items": {}})],
            Meta(description="A text or JSON with placeholders as {{reason}}; null: our own document."),
        ],
        "bodyTemplate",
    ),
    _secret("secret", HOOK, "Signs each request with HMAC-SHA-256 in X-Webhook-Signature."),
)

CONFIG_KEYS: dict[str, tuple[ConfigKey, ...]] = {
    "email": (
        ConfigKey(
            "to",
            Annotated[
                list[Annotated[str, Meta(max_length=254, extra=ruled(_check_email))]],
                Meta(description="E-mail addresses.", max_length=100, examples=[["oncall@example.com"]]),
            ],
            "email",
        ),
    ),
    "sms": (
        ConfigKey(
            "to",
            Annotated[
                list[Annotated[str, Meta(max_length=30, extra=ruled(_check_phone))]],
                Meta(description="Phone numbers in E.164.", max_length=100, examples=[["+4930123456"]]),
            ],
            "phoneNumber",
        ),
    ),
    "webhook": _WEBHOOK,
    **{name: _OF_SERVICES.get(name, (_hook(_INCOMING),)) for name in [*SERVICES, *HANDED_OVER]},
}


def names_of(type_: str) -> dict[str, str]:
    """Our names of fields that the rules name otherwise."""
    of_config = {f"config.{key.stored}": f"config.{camel(key.name)}" for key in CONFIG_KEYS[type_]}
    return {
        **of_config,
        "delaySeconds": "delay",
        "allowedPackageTypes": "packages",
        f"conditions.{MINIMUM_DURATION}": "minIncidentDuration",
        f"conditions.{ONLY_FULL}": "onlyFullOutages",
        "conditions": "minIncidentDuration",
    }
