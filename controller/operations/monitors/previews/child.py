"""The program of the process that replays, one order after the other. Its parent kills it when the time is over.

It reads and writes nothing but orders and answers.
"""

from __future__ import annotations

import sys
from typing import BinaryIO

import msgspec

from controller.operations.monitors.previews.orders import LENGTH_BYTES, ReplayOrder, replayed


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answer each order until there are no more."""
    decoder, encoder = msgspec.msgpack.Decoder(ReplayOrder), msgspec.msgpack.Encoder()
    while length := orders.read(LENGTH_BYTES):
        answer = encoder.encode(replayed(decoder.decode(orders.read(int.from_bytes(length)))))
        answers.write(len(answer).to_bytes(LENGTH_BYTES) + answer)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
