"""Sets up structlog once per process: coloured lines on a terminal, JSON lines otherwise. Times are UTC."""

from __future__ import annotations

import logging
import os
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.clock import utc_now
from shared.epoch import to_text

LogFormat = Literal["auto", "console", "json"]

_HIDDEN = frozenset(
    {
        "password",
        "pass",
        "token",
        "authorization",
        "sealing_key",
        "vault_keys",
        "database_url",
        "nats_url",
        "smtp_password",
        "sms_url",
    }
)
_TIME_FOR_PEOPLE = "%H:%M:%SZ"
_VERBOSE_LOGGERS = ("apprise", "httpcore", "httpx", "requests", "urllib3")
"""Libraries that log the URLs and headers they send; those of a webhook or a chat service are its credentials."""


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide the value of every field that is named like a secret, as the last line of defence."""
    for name in event.keys() & _HIDDEN:
        event[name] = "********"
    return event


def _add_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the time as the API writes it."""
    event["timestamp"] = to_text(utc_now())
    return event


def configure(level: str = "info", log_format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging to one stream (default: standard error) in one form."""
    stream = sys.stderr if stream is None else stream
    to_person = log_format == "console" or (log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt=_TIME_FOR_PEOPLE, utc=True) if to_person else _add_time,
        structlog.processors.StackInfoRenderer(),
        hide_secrets,
    ]
    last: list[Processor] = (
        # If rich is installed, the default formatter prints the local variables of each frame, passwords included.
        [
            structlog.dev.ConsoleRenderer(
                colors=not os.environ.get("NO_COLOR"), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if to_person
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
