"""What was said in one dialogue, both ways, with moments: the evidence of a failed or warned check.

Recording must cost next to nothing, since most checks pass and nobody reads it; words are made when they are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

from agent.dialogue.milliseconds import to_ms
from agent.dialogue.scrub import Scrubber, printable
from shared.wire.messages import LONGEST_TRANSCRIPT, Speaker, TranscriptLine

LONGEST_SHOWN = 1000
"""Characters of one line; a hostile line of 8 KiB must not push the others out."""

_NOTE_ROOM = 64
_SURELY_SHORT = LONGEST_TRANSCRIPT // 4  # characters; none has more than four bytes

_CLIENT, _SERVER, _NOTE = Speaker.CLIENT, Speaker.SERVER, Speaker.NOTE

_Said = tuple[float, Speaker, "bytes | str"]


class Transcript:
    """Begins when it is made. `clock` gives seconds. The stream's bounds (agent.net.stream) are its bounds."""

    __slots__ = ("_clock", "_said", "_started")

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._said: list[_Said] = []

    def client(self, data: bytes) -> None:
        """What we sent; a secret in it must have been replaced."""
        self._said.append((self._clock(), _CLIENT, data))

    def server(self, line: bytes) -> None:
        self._said.append((self._clock(), _SERVER, line))

    def note(self, text: str) -> None:
        self._said.append((self._clock(), _NOTE, text))

    def lines(self, scrubber: Scrubber) -> list[TranscriptLine]:
        """At most LONGEST_TRANSCRIPT bytes: where it is longer the middle is left out, which a note says.

        The beginning says what kind of server it is, the end what went wrong.
        """
        texts = [_text(data) for _, _, data in self._said]
        if sum(map(len, texts)) <= _SURELY_SHORT and scrubber.innocent(texts, LONGEST_SHOWN):
            return [
                TranscriptLine(at_ms=to_ms(moment - self._started), speaker=speaker, text=text)
                for (moment, speaker, _), text in zip(self._said, texts, strict=True)
            ]
        room = LONGEST_TRANSCRIPT // 2 - _NOTE_ROOM
        head = self._told(self._said, room, scrubber)
        rest = self._said[len(head) :]
        tail = self._told(reversed(rest), room, scrubber)[::-1]
        if len(tail) == len(rest):
            return head + tail
        left_out = len(rest) - len(tail)
        note = self._line((rest[0][0], _NOTE, f"{left_out} lines left out"), scrubber)
        return [*head, note, *tail]

    def _told(self, said: Iterable[_Said], room: int, scrubber: Scrubber) -> list[TranscriptLine]:
        """Lines in the order given, as many as `room` bytes hold."""
        told = []
        for one in said:
            line = self._line(one, scrubber)
            room -= len(line.text.encode())
            if room < 0:
                break
            told.append(line)
        return told

    def _line(self, said: _Said, scrubber: Scrubber) -> TranscriptLine:
        moment, speaker, data = said
        # Hidden before it is cut: the beginning of a password at the cut would be found by nobody.
        text = scrubber.hide(_text(data))
        if len(text) > LONGEST_SHOWN:
            text = f"{text[:LONGEST_SHOWN]} … ({len(text) - LONGEST_SHOWN} characters more)"
        return TranscriptLine(at_ms=to_ms(moment - self._started), speaker=speaker, text=text)


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else printable(data.removesuffix(b"\r\n"))
