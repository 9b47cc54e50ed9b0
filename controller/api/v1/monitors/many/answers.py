"""What came of a change of many monitors."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.operations.monitors.many import MOST_PROBLEMS, ManyDone


class ManyItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor that was meant."""

    id: UUID
    name: str
    changed: Annotated[bool, Meta(description="Whether it changed or was deleted; with dryRun, whether it would be.")]


class ManyProblem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why the change cannot be made."""

    id: Annotated[UUID, Meta(description="The monitor that stands against it.")]
    field: str
    rule: str
    message: Annotated[str, Meta(description="Field and rule as a sentence.")]


class ManyAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was done, or with `dryRun` would be: nothing if there are errors."""

    matched: Annotated[int, Meta(description="How many monitors were meant.")]
    changed: Annotated[int, Meta(description="How many changed; the others were so before.")]
    dry_run: bool
    items: Annotated[list[ManyItem], Meta(description="The monitors that were meant, oldest first.")]
    errors: Annotated[list[ManyProblem], Meta(description=f"With dryRun, at most {MOST_PROBLEMS}; empty without.")]


ANSWER_EXAMPLE: dict[str, Any] = {
    "matched": 1,
    "changed": 1,
    "dryRun": False,
    "items": [{"id": "33333333-3333-4333-8333-333333333333", "name": "Mail in", "changed": True}],
    "errors": [],
}


def many_answer(done: ManyDone, *, dry_run: bool) -> ManyAnswer:
    return ManyAnswer(
        matched=len(done.monitors),
        changed=len(done.changed),
        dry_run=dry_run,
        items=[ManyItem(id=one.public_id, name=one.name, changed=one.id in done.changed) for one in done.monitors],
        errors=[
            ManyProblem(id=one.monitor, field=one.problem.field, rule=one.problem.rule, message=str(one.problem))
            for one in done.problems
        ],
    )
