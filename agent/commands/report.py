"""Prints a check's result for people: phases as bars, TLS facts, warnings and failure, and the dialogue."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap

import msgspec

from shared.wire.failures import Failure, FailureSource
from shared.wire.messages import CheckResult, Fact, PhaseTiming, ResultStatus, Speaker

_BAR_WIDTH = 40
_TEXT_WIDTH = 90
_FAULT = {
    FailureSource.RESOLVER: "the name servers here",
    FailureSource.AGENT: "this machine",
    FailureSource.UNKNOWN: "unknown",
}
_ARROWS = {Speaker.CLIENT: "C:", Speaker.SERVER: "S:", Speaker.NOTE: "--"}


class Style(msgspec.Struct, frozen=True):
    """How to write to a terminal: with or without colours, with block characters or in ASCII."""

    colour: bool = False
    blocks: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def good(self, text: str) -> str:
        return self.paint(text, "32")

    def odd(self, text: str) -> str:
        return self.paint(text, "33")

    def bad(self, text: str) -> str:
        return self.paint(text, "31")

    def faint(self, text: str) -> str:
        return self.paint(text, "2")

    @property
    def bar(self) -> str:
        return "█" if self.blocks else "#"


def terminal_style() -> Style:
    """The style that standard output can show. Colours only on a terminal, and not if NO_COLOR is set."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return Style(colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"), blocks=encoding == "utf8")


def show(report: Iterable[str]) -> None:
    """Write lines to standard output; characters outside its encoding become question marks. Raises OSError."""
    encoding = sys.stdout.encoding or "utf-8"
    write("".join(f"{line}\n" for line in report).encode(encoding, "replace"))


def write(data: bytes) -> None:
    """Write to standard output. A reader that closes the pipe early, such as `head`, is no error. Raises OSError."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        # Otherwise Python would flush again at exit, fail, and change the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def lines(result: CheckResult, url: str, style: Style, *, subject: str, transcript: bool) -> Iterator[str]:
    """The report of `result`, line by line. `url` is the URL that was checked, without a password; `subject` is what
    was checked, in words.
    """
    where = f" at {result.address}" if result.address else ""
    yield f"{url}{where}: {_verdict(result, style)} in {_ms(result.duration_ms)}"
    if result.phases:
        yield ""
        yield from _bars(result, style)
    about = dict(_facts(result))
    if about:
        yield ""
        width = max(len(name) for name in about)
        for name, text in about.items():
            first, *others = wrap(text, _TEXT_WIDTH) or [""]
            yield f"  {name:<{width}}  {first}"
            yield from (" " * (width + 4) + other for other in others)
    if result.warnings or result.failure:
        yield ""
    for warning in result.warnings:
        yield f"  {style.odd('warning')}  {_spaced(warning.kind.value)}: {warning.detail}".removesuffix(": ")
    if result.failure:
        yield f"  {style.bad('failure')}  {describe(result.failure, subject)}"
    if transcript:
        yield ""
        for line in result.transcript:
            text = f"{line.at_ms:10.1f}  {_ARROWS[line.speaker]} {line.text}"
            yield style.faint(text) if line.speaker is Speaker.NOTE else text


def describe(failure: Failure, subject: str) -> str:
    """The failure in words: `login refused in phase auth, by fault of the mail server: 535 …`."""
    phase = f" in phase {failure.phase}" if failure.phase else ""
    detail = f": {failure.detail}" if failure.detail else ""
    return f"{_spaced(failure.kind.value)}{phase}, by fault of {_FAULT.get(failure.source, f'the {subject}')}{detail}"


def _verdict(result: CheckResult, style: Style) -> str:
    if result.status is ResultStatus.FAILURE:
        return style.bad("down")
    if result.status is ResultStatus.UNKNOWN:
        return style.odd("not known")
    return style.odd("degraded") if result.warnings else style.good("up")


def _bars(result: CheckResult, style: Style) -> Iterator[str]:
    """A bar for each phase from its start to its end, all on one scale; the failed one is red."""
    scale = _BAR_WIDTH / max(result.duration_ms, 0.001)
    width = max(len(timing.phase.value) for timing in result.phases)
    failed = _failed(result)
    for timing in result.phases:
        start = min(int(timing.start_ms * scale), _BAR_WIDTH - 1)
        length = min(max(1, round(timing.duration_ms * scale)), _BAR_WIDTH - start)
        bar = style.bar * length
        painted = style.bad(bar) if timing is failed else bar
        yield f"  {timing.phase.value:<{width}}  {_ms(timing.duration_ms):>11}  {' ' * start}{painted}"


def _failed(result: CheckResult) -> PhaseTiming | None:
    phase = result.failure.phase if result.failure else None
    return next((timing for timing in reversed(result.phases) if timing.phase is phase), None)


def _facts(result: CheckResult) -> Iterator[tuple[str, str]]:
    """The facts that the probe found, in its order, each with its name in words."""
    facts: Mapping[str, Fact] = result.facts
    if result.kernel_rtt_ms is not None:
        yield "round trip", f"{result.kernel_rtt_ms:.3f} ms, by the kernel"
    for name, fact in facts.items():
        if fact is not None and fact != []:
            yield _name_in_words(name), _text(fact)


def _text(fact: Fact) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return ", ".join(fact) if isinstance(fact, list) else str(fact)


def _name_in_words(name: str) -> str:
    """Turn `certificateNotAfter` into `certificate not after`; runs of capitals and digits stay together."""
    text = ""
    for before, letter in zip(" " + name, name, strict=False):
        text += f" {letter.lower()}" if letter.isupper() and not before.isupper() else letter
    return text.strip()


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms"
