"""One bot session on the gateway: its sequence, replay buffer, and the socket that carries it at the moment."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import zstandard

from bot.tasks import end

if TYPE_CHECKING:
    from aiohttp import web

    from bot.preview.wire import Json

REPLAY: Final = 5_000  # events kept for a resume
BACKLOG: Final = 50_000  # payloads a slow reader may owe before it is cut off


def encode(payload: Json) -> bytes:
    """A payload as it is sent; at once, because what it describes goes on changing."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


class _Compressor(Protocol):
    def pack(self, text: bytes) -> bytes: ...


class _Zlib:
    """zlib-stream: one stream a connection, each payload ends with a sync flush (00 00 FF FF)."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(level=1)

    def pack(self, text: bytes) -> bytes:
        return self._stream.compress(text) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class _Zstd:
    """zstd-stream: one stream a connection, each payload flushed."""

    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=1).compressobj()

    def pack(self, text: bytes) -> bytes:
        return self._stream.compress(text) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def compressor(kind: str | None) -> _Compressor | None:
    """The transport compression a client asked for; None for plain text. ValueError when unknown."""
    if not kind:
        return None
    if kind == "zlib-stream":
        return _Zlib()
    if kind == "zstd-stream":
        return _Zstd()
    raise ValueError(kind)


class Link:
    """One WebSocket: payloads are queued and written in order by a task of its own."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, compress: str | None) -> None:
        self.socket = socket
        self._request = request
        self._compressor = compressor(compress)
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="preview-gateway-writer")
        self.session: Session | None = None
        self.silent = False

    def send(self, payload: Json) -> None:
        """Queue a payload outside the sequence, such as a heartbeat's answer."""
        self.send_raw(encode(payload))

    def send_raw(self, text: bytes) -> None:
        """Queue an encoded payload. A reader that owes too much is cut off; it may resume."""
        if self.silent:
            return
        self._queue.put_nowait(text)
        if self._queue.qsize() > BACKLOG:
            self.abort()

    async def _write(self) -> None:
        with suppress(ConnectionError, RuntimeError):
            while (text := await self._queue.get()) is not None:
                if self._compressor is None:
                    await self.socket.send_str(text.decode())
                else:
                    await self.socket.send_bytes(self._compressor.pack(text))

    async def close(self, code: int) -> None:
        """Close with a gateway close code, after what is queued was written."""
        self._queue.put_nowait(None)
        with suppress(ConnectionError, asyncio.TimeoutError):
            async with asyncio.timeout(1):
                await self._writer
        with suppress(ConnectionError, RuntimeError):
            await self.socket.close(code=code)

    def abort(self) -> None:
        """Cut the line without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def finish(self) -> None:
        """The socket is gone: end the writer."""
        await end(self._writer)


@dataclass(slots=True)
class Session:
    """What outlives a connection. `shard` is (number, count)."""

    id: str
    shard: tuple[int, int]
    intents: int
    seq: int = 0
    link: Link | None = None
    presence: Any = None
    replay: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=REPLAY))

    def push(self, name: str, data: Json) -> None:
        """Number an event, keep it for a resume, and send it when there is a connection."""
        self.seq += 1
        text = encode({"op": 0, "s": self.seq, "t": name, "d": data})
        self.replay.append((self.seq, text))
        if self.link is not None:
            self.link.send_raw(text)

    def since(self, seq: int) -> list[bytes] | None:
        """The events after `seq`, or None when they are no longer all there."""
        if seq > self.seq:
            return None
        missed = [text for number, text in self.replay if number > seq]
        return missed if len(missed) == self.seq - seq else None

    def owns(self, guild_id: int | None) -> bool:
        """Is a guild's (or, for None, a DM's) event this shard's?"""
        number, count = self.shard
        return ((guild_id >> 22) % count if guild_id else 0) == number
