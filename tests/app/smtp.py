"""A small real SMTP server for the tests."""

from __future__ import annotations

import asyncio
import contextlib
from email import message_from_bytes


class Server:
    """A mail server that keeps what it gets, and answers `pause_s` after it has it.

    It answers RCPT with `refuse` where that is set. `holding` is true between the end of a mail and
    the answer to it.
    """

    def __init__(self, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self.mails: list[bytes] = []
        self.connections = 0
        self.refuse = b""
        self.holding = False
        self.port = 0
        self._talks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        await self._server.wait_closed()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._talks)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.append(talk)
        self._writers.append(writer)
        self.connections += 1
        # Clients of these tests are killed in the middle of a sentence.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._converse(reader, writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                self.holding = True
                await asyncio.sleep(self._pause_s)
                self.holding = False
                writer.write(b"250 kept\r\n")
            elif word == b"RCPT" and self.refuse:
                writer.write(self.refuse + b"\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")

    def message_ids(self) -> list[str]:
        return [str(message_from_bytes(mail)["Message-ID"]) for mail in self.mails]
