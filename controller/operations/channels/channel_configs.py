"""The config of a notification channel in its three forms: as sent by a caller, as stored (secrets encrypted), and as
shown.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from controller.decisions.monitors.monitors import check_config
from controller.decisions.notification.channels import category_of
from controller.errors import InvalidError
from controller.model.values.url_origin import origin
from controller.notify.channels import Senders
from controller.notify.errors import DeliveryError
from controller.notify.registry import CHANNELS
from controller.vault import MASK, Vault, is_secret, mask

HAS_SECRET = "hasSecret"  # noqa: S105 - the name of a field
FIELD = "config"
_HOOKS = ("url", "webhookUrl")
_OF_OWN_SERVERS = frozenset(
    {"alertmanager", "gitlab", "gotify", "linear", "matrix", "ntfy", "opsgenie", "pagerduty", "servicenow"}
)
"""Types of channels whose `url` is where the service is, and no secret."""


def check_type(type_: str) -> None:
    """Raises InvalidError."""
    if type_ not in CHANNELS:
        raise InvalidError("type", f"must be one of {', '.join(CHANNELS)}")


async def check(type_: str, config: dict[str, Any], senders: Senders) -> None:
    """Check that notifications can be sent with this config, whose secrets are in clear. Raises InvalidError."""
    for field in ("url", "secret"):
        text = config.get(field)
        if isinstance(text, str) and text.startswith(("http://", "https://")):
            await check_url(f"{FIELD}.{field}", text, senders)
    await CHANNELS[type_].check(senders, config)


def merged(type_: str, sent: dict[str, Any], stored: dict[str, Any], vault: Vault) -> dict[str, Any]:
    """The config to store when `sent` is merged into the stored one, key by key (RFC 7396 on the first level).

    A null or a mask keeps a secret that is stored at the same path, and removes any other value; an empty text removes
    a secret too. The URL of a chat service's incoming webhook is a secret, whatever its key. Raises InvalidError.
    """
    check_config(sent, field=FIELD)
    if category_of(type_) == "integration" and type_ not in _OF_OWN_SERVERS:
        sent = {"secret" if name in _HOOKS else name: item for name, item in sent.items()}
    merged = {name: _kept(name, item, stored.get(name)) for name, item in sent.items() if name != HAS_SECRET}
    concealed = vault.conceal(merged, stored, field=FIELD)
    return {name: item for name, item in {**stored, **concealed}.items() if item is not None and item != ""}


def shown(stored: dict[str, Any], *, whole: bool) -> tuple[dict[str, Any], bool]:
    """The config with null for every secret, and whether there is a secret. A caller who may not change it sees only
    the host of its URL, because the rest often lets anybody post there.
    """
    config = mask(stored, by=None)
    has_secret = config != stored
    url = config.get("url")
    if isinstance(url, str) and not whole:
        config["url"] = origin(url)
    return config, has_secret


async def check_url(field: str, text: str, senders: Senders) -> None:
    """Raises InvalidError, which does not repeat the text."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError as error:
        raise InvalidError(field, "must be an http or https URL") from error
    if not host:
        raise InvalidError(field, "must be an http or https URL")
    if "@" in parts.netloc:
        raise InvalidError(field, "must not hold a user name or password: send them in headers")
    try:
        await senders.destinations.addresses(host)
    except DeliveryError as error:
        if error.permanent:  # a host name that does not resolve now may resolve later
            raise InvalidError(
                field,
                "must not lead to a private address (MAILPROBE_NOTIFY_ALLOW_NETWORKS of the controller allows some)",
            ) from error


def _kept(name: str, sent: Any, stored: Any) -> Any:
    if sent is None and stored not in (None, "", [], {}) and is_secret(name):
        return MASK
    if isinstance(sent, dict) and isinstance(stored, dict):
        return {inner: _kept(inner, item, stored.get(inner)) for inner, item in sent.items()}
    return sent
