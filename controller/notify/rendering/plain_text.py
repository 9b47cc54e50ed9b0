"""Lays a message out as plain text. Its lines are under 78 columns, but for links and long words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from controller.notify.rendering.content import Content, HelpStep, ListLine, LocationVote, Member, Timing, Timings
from controller.notify.words import counted

_COLUMNS = 77
_INDENT = "  "


def plain_text(content: Content) -> str:
    """Ends with a newline."""
    title = [content.headline, content.cause] if content.cause else [content.headline]
    parts = [
        "\n".join(line for text in title for line in _wrapped(text)),
        *("\n".join(line for part in text.splitlines() for line in _wrapped(part)) for text in content.paragraphs),
        *_links(content),
        _aligned(content.facts),
        _section("What each location saw:", map(_vote, content.votes)),
        _timings(content.timings),
        _section("Causes:", (_hanging(f"{number:,} × ", cause) for cause, number in content.causes)),
        _members(content),
        *(_list(*one) for one in content.lists),
        _section("What to do:", map(_step, content.steps)),
        *("\n".join(_wrapped(f"Note: {remark}.")) for remark in content.remarks),
        f"Unsubscribe: {content.unsubscribe_link}" if content.unsubscribe_link else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _links(content: Content) -> Iterator[str]:
    if content.ack_link:
        yield f"Take it: {content.ack_link}"
    if content.link:
        yield f"{content.action}: {content.link}"


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return wrap(
        " ".join(text.split()),
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def _hanging(first: str, text: str, indent: str = _INDENT) -> str:
    """The text after its first words, its further lines below its beginning."""
    return "\n".join(_wrapped(text, indent + first, indent + " " * len(first)))


def _aligned(pairs: Sequence[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in pairs), default=0) + 2
    return "\n".join(_hanging(f"{name + ':':<{width}}", text, "") for name, text in pairs)


def _section(title: str, entries: Iterator[str]) -> str:
    text = "\n".join(entries)
    return f"{title}\n{text}" if text else ""


def _vote(vote: LocationVote) -> str:
    took = "" if vote.total_ms is None else f" ({vote.total_ms:,.0f} ms)"
    return "\n".join(_wrapped(f"{vote.location}: {vote.finding}{took}", _INDENT, _INDENT * 3))


def _timings(timings: Timings | None) -> str:
    if timings is None:
        return ""
    names = max(len(phase) for phase, _ in timings.rows)
    cells = [[_cell(timing) for timing in row] for _, row in timings.rows]
    widths = [max(len(column), *(len(row[number]) for row in cells)) for number, column in enumerate(timings.locations)]
    lines = [
        _row("", timings.locations, names, widths),
        *(_row(phase, row, names, widths) for (phase, _), row in zip(timings.rows, cells, strict=True)),
    ]
    more = f"\n{_INDENT}and {counted(timings.left_out, 'more location')}" if timings.left_out else ""
    return "How long each phase took, in ms:\n" + "\n".join(lines) + more


def _cell(timing: Timing | None) -> str:
    if timing is None:
        return "-"
    return f"failed {timing.ms:,.0f}" if timing.failed else f"{timing.ms:,.0f}"


def _row(name: str, cells: Sequence[str], names: int, widths: Sequence[int]) -> str:
    right = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{_INDENT}{name:<{names}}{right}"


def _members(content: Content) -> str:
    entries = [_member(member) for member in content.members]
    if content.more_members:
        entries.append(f"{_INDENT}and {content.more_members:,} more")
    return _section("Monitors:", iter(entries))


def _list(heading: str, listed: Sequence[ListLine], more: int) -> str:
    lines = [_list_line(one) for one in listed]
    return _section(f"{heading}:", iter([*lines, *([f"{_INDENT}and {more:,} more"] if more > 0 else [])]))


def _list_line(one: ListLine) -> str:
    lines = _wrapped(f"{one.name}: {one.text}", _INDENT, _INDENT * 2)
    return "\n".join([*lines, _INDENT * 2 + one.link] if one.link else lines)


def _member(member: Member) -> str:
    about = [_hanging("", f"{member.name}: {member.state}")]
    about.append("\n".join(_wrapped(f"{member.server}, {member.customer}", _INDENT * 2, _INDENT * 2)))
    if member.detail:
        about.append("\n".join(_wrapped(member.detail, _INDENT * 2, _INDENT * 2)))
    return "\n".join(about)


def _step(step: HelpStep) -> str:
    link = f"\n{_INDENT}{step.link}" if step.link else ""
    return "\n".join(_wrapped(f"{step.title}: {step.text}", _INDENT, _INDENT)) + link
