"""Sets up structlog once per process: coloured lines on a terminal, JSON lines otherwise."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

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
_VERBOSE_LOGGERS = ("apprise", "httpcore", "httpx", "requests", "urllib3")
"""Libraries that log the URLs and headers they send; those of a webhook or a chat service are its credentials."""


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide the value of every field that is named like a secret, as the last line of defence."""
    for name in event.keys() & _HIDDEN:
        event[name] = "********"
    return event


def configure(level: str = "info", log_format: LogFormat = "auto") -> None:
    """Send structlog and the standard library's logging to standard error in one form."""
    to_person = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        hide_secrets,
    ]
    last: list[Processor] = (
        # If rich is installed, the default formatter prints the local variables of each frame, passwords included.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if to_person
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
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
