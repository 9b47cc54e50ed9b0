"""The controller's settings, from `MAILPROBE_*` variables: each command asks for those it uses and no more."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from controller.vault import VaultKeys
from shared.log import LogFormat
from shared.settings import Port, Seconds, Text
from shared.targets import Secret

_HOSTS = re.compile(r"(?:(?:\[[^\]]*\]|[^:,\[\]]*)(?::[0-9]{1,5})?(?:,|\Z))*")


class DatabaseUrl(Secret):
    """It may carry a password. Raises ValueError, without the text, for what asyncpg would stumble over later."""

    def __init__(self, text: str) -> None:
        parts = urlsplit(text)
        if parts.scheme not in {"postgresql", "postgres"} or not _HOSTS.fullmatch(parts.netloc.rpartition("@")[2]):
            raise ValueError("must be a URL as in postgresql://user:password@host:5432/name")
        super().__init__(text)


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: LogFormat = "auto"


class StoreSettings(LogSettings, frozen=True, kw_only=True):
    """What a command needs that works on the database."""

    database_url: DatabaseUrl


class EnrolmentSettings(StoreSettings, frozen=True, kw_only=True):
    """What `locations add` needs: the broker's URL goes into the enrolment file."""

    nats_url: Secret


class ControllerSettings(EnrolmentSettings, frozen=True, kw_only=True):
    """What `serve` needs. `drain_seconds` is how long requests under way may take at the stop."""

    vault_keys: VaultKeys
    host: Text = "127.0.0.1"
    port: Port = 8080
    drain_seconds: Seconds = 10.0
