"""A transcript has the lines of both sides with their times; it is bounded, printable and without the password."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.dialogue.scrub import HIDDEN, Scrubber
from agent.dialogue.transcript import LONGEST_SHOWN, Transcript
from shared.secret import Secret
from shared.wire.messages import LONGEST_TRANSCRIPT, Speaker, TranscriptLine
from shared.wire.targets import Login

PASSWORD = "open sesame"
NOBODY = Scrubber(None)
ALICE = Scrubber(Login("alice", Secret(PASSWORD)))


def size(lines: list[TranscriptLine]) -> int:
    return sum(len(line.text.encode()) for line in lines)


def test_a_dialogue_is_recorded_in_order_with_its_times() -> None:
    moments = iter([10.0, 10.001, 10.0025, 11.5])
    transcript = Transcript(lambda: next(moments))
    transcript.note("connecting to 192.0.2.1 port 25")
    transcript.server(b"220 hi\tthere")
    transcript.client(b"EHLO me\r\n")
    assert transcript.lines(NOBODY) == [
        TranscriptLine(at_ms=1.0, speaker=Speaker.NOTE, text="connecting to 192.0.2.1 port 25"),
        TranscriptLine(at_ms=2.5, speaker=Speaker.SERVER, text="220 hi there"),
        TranscriptLine(at_ms=1500.0, speaker=Speaker.CLIENT, text="EHLO me"),
    ]


def test_nothing_said_is_an_empty_transcript() -> None:
    assert Transcript().lines(NOBODY) == []


@pytest.mark.parametrize(
    ("say", "line"),
    [
        pytest.param(Transcript.server, f"535 {PASSWORD} is wrong".encode(), id="the server repeats the password"),
        pytest.param(
            Transcript.server, b"535 " + b64encode(PASSWORD.encode()), id="the server repeats the password in base64"
        ),
        pytest.param(
            Transcript.client, f"a1 LOGIN alice {{11+}}\r\n{PASSWORD}\r\n".encode(), id="we sent the password unmarked"
        ),
        pytest.param(
            Transcript.server,
            b"x" * (LONGEST_SHOWN - 4) + PASSWORD.encode(),
            id="the password lies where a line is cut",
        ),
    ],
)
def test_the_password_is_hidden(say: Callable[[Transcript, bytes], None], line: bytes) -> None:
    transcript = Transcript()
    say(transcript, line)
    (kept,) = transcript.lines(ALICE)
    assert "sesame" not in kept.text
    assert PASSWORD[:4] not in kept.text
    assert HIDDEN[:4] in kept.text


def test_of_many_lines_the_first_and_the_last_are_kept_and_how_many_are_not() -> None:
    transcript = Transcript()
    for number in range(2000):
        transcript.server(f"250-{number} {'x' * 60}".encode())
    lines = transcript.lines(NOBODY)
    assert lines[0].text.startswith("250-0 ")
    assert lines[-1].text.startswith("250-1999 ")
    (gap,) = [line for line in lines if line.speaker is Speaker.NOTE]
    assert gap.text == f"{2000 - (len(lines) - 1)} lines left out"
    assert [line.at_ms for line in lines] == sorted(line.at_ms for line in lines)
    assert LONGEST_TRANSCRIPT * 0.9 < size(lines) <= LONGEST_TRANSCRIPT


def test_a_hostile_line_does_not_push_the_others_out() -> None:
    transcript = Transcript()
    transcript.note("connecting")
    for _ in range(5):
        transcript.server(b"\xff" * 8192)  # each byte becomes a replacement character of three bytes
    transcript.client(b"QUIT\r\n")
    lines = transcript.lines(NOBODY)
    assert lines[0].text == "connecting"
    assert lines[-1].text == "QUIT"
    assert lines[1].text.endswith(f"({8192 - LONGEST_SHOWN} characters more)")
    assert size(lines) <= LONGEST_TRANSCRIPT


said = st.lists(st.tuples(st.sampled_from("csn"), st.binary(max_size=400), st.integers(1, 30)), max_size=60)


@given(said)
@settings(max_examples=150, deadline=None)
def test_whatever_is_said_the_transcript_keeps_its_bounds(dialogue: list[tuple[str, bytes, int]]) -> None:
    transcript = Transcript()
    for speaker, data, times in dialogue:
        if speaker == "c":
            transcript.client(data * times + PASSWORD.encode() + b"\r\n")
        elif speaker == "s":
            transcript.server(data * times)
        else:
            transcript.note(data.hex())
    lines = transcript.lines(ALICE)
    assert size(lines) <= LONGEST_TRANSCRIPT
    assert not any(PASSWORD in line.text for line in lines)
    assert all(character >= " " for line in lines for character in line.text)
    left_out = sum(int(line.text.split()[0]) for line in lines if line.text.endswith("lines left out"))
    assert len(lines) - bool(left_out) + left_out == len(dialogue)
