"""docs/failures.md: failure kinds, sources, phases and warnings, and the help for each kind."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from controller.help.failure_help import FailureHelp, every_help
from shared.wire.explanations import FAILURES, PHASES, SOURCES, WARNINGS

_HEAD = """\
# What can go wrong in a check

<!-- made by `make docs` from shared/wire/explanations.py and controller/help/failures -->

A result that did not pass has a `failure`: its `kind`, the `phase` in which it happened, its `source` (whose fault it
is) and a `detail`, such as the server's reply. Names are never changed or reused; a client treats a name that it does
not know as `unknown`. A check that passed may have `warnings`.

[The API](api.md#verdicts) says how the results of several locations become a verdict. The dashboard has a page for each
kind, at `/help/login-refused` and so on, with what [stands below](#each-failure).
"""

_BELOW = """\

## Each failure

How to see it by hand, and what to do on the server. Put your server in the place of mail.example.com, and run the
commands where the failing location stands, if you can: from elsewhere the answer may differ.
"""
_WIDTH = 120


def page() -> str:
    lines = [_HEAD, "## Failures", "", "| Kind | Meaning | What to do |", "| --- | --- | --- |"]
    lines += [f"| `{kind.value}` | {about.meaning} | {about.remedy} |" for kind, about in FAILURES.items()]
    lines += ["", "## Sources", "", "| Source | Meaning |", "| --- | --- |"]
    lines += [f"| `{source.value}` | {text} |" for source, text in SOURCES.items()]
    lines += [
        "",
        "## Phases",
        "",
        "In the order of a dialogue. EHLO and the capabilities are read again after STARTTLS.",
        "",
    ]
    lines += ["| Phase | What happens |", "| --- | --- |"]
    lines += [f"| `{phase.value}` | {text} |" for phase, text in PHASES.items()]
    lines += ["", "## Warnings", "", "| Kind | Meaning | What to do |", "| --- | --- | --- |"]
    lines += [f"| `{kind.value}` | {about.meaning} | {about.remedy} |" for kind, about in WARNINGS.items()]
    lines.append(_BELOW)
    for about in every_help():
        lines += _help(about)
    return "\n".join(lines).rstrip() + "\n"


def _help(about: FailureHelp) -> Iterator[str]:
    yield f"### {about.title}\n"
    for one in about.by_hand:
        yield _wrapped(one.about) + "\n"
        yield textwrap.indent(one.command, "    ") + "\n"
    for server, text in about.servers.items():
        yield _wrapped(f"**{server}.** {text}") + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
