"""docs/failures.md: failure kinds, sources, phases and warnings, from shared.wire.explanations."""

from __future__ import annotations

from shared.wire.explanations import FAILURES, PHASES, SOURCES, WARNINGS

_HEAD = """\
# What can go wrong in a check

<!-- made by `make docs` from shared/wire/explanations.py -->

A result that did not pass has a `failure`: its `kind`, the `phase` in which it happened, its `source` (whose fault it
is) and a `detail`, such as the server's reply. Names are never changed or reused; a client treats a name that it does
not know as `unknown`. A check that passed may have `warnings`.

[The API](api.md#verdicts) says how the results of several locations become a verdict.
"""


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
    return "\n".join(lines) + "\n"
