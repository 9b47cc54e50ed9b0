"""A relay as a separate process. It passes connections to an address of this machine on to a port of another address.

python -m tests.system.relay ADDRESS ONWARD PORT      prints the port it listens on; ends with its standard input
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main(address: str, onward: str, port: int) -> None:
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward_writer = await asyncio.open_connection(onward, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pipe(reader, onward_writer), pipe(onward_reader, writer))

    server = await asyncio.start_server(pass_on, address, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
