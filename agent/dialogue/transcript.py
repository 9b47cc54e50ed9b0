"""Records one dialogue, both directions, with times: the evidence of a check that fails or has a new warning.

Recording must cost almost nothing, since most checks pass and nobody reads it. Text is made only when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

from agent.dialogue.milliseconds import to_ms
from agent.dialogue.scrub import Scrubber, printable
from shared.wire.messages import LONGEST_TRANSCRIPT, Speaker, TranscriptLine

LONGEST_SHOWN = 1000
"""Most characters of one line: a hostile line of 8 KiB must not displace the others."""

_NOTE_BYTES = 64
_SURELY_SHORT = LONGEST_TRANSCRIPT // 4  # in characters, which have at most four bytes each

_CLIENT, _SERVER, _NOTE = Speaker.CLIENT, Speaker.SERVER, Speaker.NOTE

_Entry = tuple[float, Speaker, "bytes | str"]


class Transcript:
    """Starts its clock when it is created; `clock` returns seconds. The limits of `agent.net.stream` bound its size."""

    __slots__ = ("_clock", "_entries", "_started")

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._entries: list[_Entry] = []

    def client(self, data: bytes) -> None:
        """Record what the client sent; the caller has replaced any secret in it."""
        self._entries.append((self._clock(), _CLIENT, data))

    def server(self, line: bytes) -> None:
        self._entries.append((self._clock(), _SERVER, line))

    def note(self, text: str) -> None:
        self._entries.append((self._clock(), _NOTE, text))

    def lines(self, scrubber: Scrubber) -> list[TranscriptLine]:
        """At most LONGEST_TRANSCRIPT bytes. If the dialogue is longer, a note replaces the middle of it.

        The beginning shows what kind of server it is, the end shows what went wrong.
        """
        texts = [_text(data) for _, _, data in self._entries]
        if sum(map(len, texts)) <= _SURELY_SHORT and scrubber.is_clean(texts, LONGEST_SHOWN):
            return [
                TranscriptLine(at_ms=to_ms(moment - self._started), speaker=speaker, text=text)
                for (moment, speaker, _), text in zip(self._entries, texts, strict=True)
            ]
        space = LONGEST_TRANSCRIPT // 2 - _NOTE_BYTES
        head = self._cleaned(self._entries, space, scrubber)
        rest = self._entries[len(head) :]
        tail = self._cleaned(reversed(rest), space, scrubber)[::-1]
        if len(tail) == len(rest):
            return head + tail
        left_out = len(rest) - len(tail)
        note = self._line((rest[0][0], _NOTE, f"{left_out} lines left out"), scrubber)
        return [*head, note, *tail]

    def _cleaned(self, entries: Iterable[_Entry], space: int, scrubber: Scrubber) -> list[TranscriptLine]:
        """As many lines, in the given order, as fit into `space` bytes."""
        lines = []
        for entry in entries:
            line = self._line(entry, scrubber)
            space -= len(line.text.encode())
            if space < 0:
                break
            lines.append(line)
        return lines

    def _line(self, entry: _Entry, scrubber: Scrubber) -> TranscriptLine:
        moment, speaker, data = entry
        # Hide the password before cutting the line: half a password at the cut would not be recognized.
        text = scrubber.hide(_text(data))
        if len(text) > LONGEST_SHOWN:
            text = f"{text[:LONGEST_SHOWN]} … ({len(text) - LONGEST_SHOWN} characters more)"
        return TranscriptLine(at_ms=to_ms(moment - self._started), speaker=speaker, text=text)


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else printable(data.removesuffix(b"\r\n"))
