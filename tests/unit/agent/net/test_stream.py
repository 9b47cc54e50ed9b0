"""Several lines go in one packet."""

from __future__ import annotations

import asyncio
from typing import cast

from agent.dialogue.scrub import Scrubber
from agent.dialogue.transcript import Transcript
from agent.net.stream import LineStream


class Wire(asyncio.Transport):
    """Keeps what is written, by packet."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.packets.append(bytes(data))

    def is_closing(self) -> bool:
        return False


def test_lines_written_at_once_are_one_packet_and_as_many_lines_of_the_transcript() -> None:
    transcript, wire = Transcript(), Wire()
    stream = LineStream("192.0.2.1", transcript)
    stream.connection_made(cast("asyncio.BaseTransport", wire))
    stream.write_at_once(b"STAT\r\n", b"QUIT\r\n")
    assert wire.packets == [b"STAT\r\nQUIT\r\n"]
    assert [line.text for line in transcript.lines(Scrubber())] == ["STAT", "QUIT"]
