"""A failure as our own API shows it: with the page that explains it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from controller.help.failure_help import help_path
from shared.wire.failures import Failure


class ExplainedFailure(Failure, frozen=True, kw_only=True, rename="camel"):
    """Why a check did not pass, and where to read on."""

    help: Annotated[
        str,
        Meta(
            description="The page about this kind of failure, below the address of the dashboard: what it means, how to"
            " see it by hand and what to do.",
            examples=["/help/login-refused"],
        ),
    ]


def explained(failure: Failure | None) -> ExplainedFailure | None:
    if failure is None:
        return None
    return ExplainedFailure(
        kind=failure.kind,
        source=failure.source,
        phase=failure.phase,
        detail=failure.detail,
        help=help_path(failure.kind),
    )
