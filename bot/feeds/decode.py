"""Content codings: a capped, incremental decoder for gzip, deflate, brotli and zstd (RFC 9110 §8.4.1, RFC 9659).

The cap counts bytes after decompression, as they appear, so a bomb is dropped when it passes the cap and never held.
Truncated, doubled, unknown and mislabelled codings are errors: what they leave is not the publisher's feed.
It knows nothing of HTTP beyond the value of the Content-Encoding header.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Final, Protocol

import brotli  # type: ignore[import-untyped]
from backports import zstd

from bot.feeds.model import Fault, FaultKind, FeedError

ACCEPT_ENCODING: Final = "gzip, br, zstd, deflate"
_STEP: Final = 256 * 1024  # bytes taken from a decompressor at a time
_MAX_MEMBERS: Final = 1000  # gzip members or zstd frames in one body; honest servers send one
_ZSTD_WINDOW: Final[dict[int, int]] = {
    zstd.DecompressionParameter.window_log_max: 23
}  # 8 MiB, the web's limit (RFC 9659)
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class DecodeError(FeedError):
    """The body cannot be taken: it is too large, or its coding is not what the header says."""


def too_large(cap: int) -> DecodeError:
    size = f"{cap / 1048576:g} MiB" if cap >= 1048576 else f"{cap} bytes"
    return DecodeError(Fault(FaultKind.TOO_LARGE, f"The answer is larger than {size}; a feed should be far smaller."))


def _broken(detail: str) -> DecodeError:
    return DecodeError(Fault(FaultKind.ENCODING, detail))


class _Codec(Protocol):
    """decompress: about `limit` bytes at most; empty input goes on with what is pending; nothing out: all used."""

    def decompress(self, data: bytes, limit: int) -> bytes: ...
    @property
    def ended(self) -> bool: ...
    @property
    def rest(self) -> bytes: ...


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    def decompress(self, data: bytes, limit: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, limit)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        return self._inner.unused_data


class _Brotli:
    rest: Final = b""  # the library refuses bytes after the end by itself

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def decompress(self, data: bytes, limit: int) -> bytes:
        return bytes(self._inner.process(data, output_buffer_limit=limit))

    @property
    def ended(self) -> bool:
        return bool(self._inner.is_finished())


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstd.ZstdDecompressor(options=_ZSTD_WINDOW)

    def decompress(self, data: bytes, limit: int) -> bytes:
        return self._inner.decompress(data, limit)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        return self._inner.unused_data


class Decoder:
    """Decodes one body: `feed` the chunks as they arrive, then `finish`. Both raise DecodeError."""

    def __init__(self, content_encoding: str | None, cap: int) -> None:
        self._cap = cap
        self._out = bytearray()
        self._raw = 0
        self._members = 0
        self._codec: _Codec | None = None
        self._begun = False
        names = [name for part in (content_encoding or "").split(",") if (name := part.strip().lower())]
        names = [name.removeprefix("x-") for name in names if name not in {"identity", "none", "utf-8"}]
        if len(names) > 1:
            raise _broken("The answer is encoded twice over (Content-Encoding); the publisher must send it once.")
        self._name = names[0] if names else "identity"
        if self._name not in {"identity", "gzip", "deflate", "br", "zstd"}:
            raise _broken(f"The answer is in an unknown encoding ({self._name[:40]!r}).")

    def feed(self, chunk: bytes) -> None:
        if not chunk:
            return
        self._raw += len(chunk)
        if self._raw > self._cap:
            raise too_large(self._cap)
        if self._name == "identity":
            self._out += chunk
            return
        try:
            self._decode(chunk)
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError, MemoryError):
            raise _broken(f"The answer is not the {self._name} data it says it is, or it is damaged.") from None

    def finish(self) -> bytes:
        """The whole decoded body, at most the cap."""
        if self._name != "identity" and self._begun and (self._codec is None or not self._codec.ended):
            raise _broken(f"The {self._name} data ends before its end; the answer was cut short.")
        body = bytes(self._out)
        if body[:2] == _GZIP or body[:4] == _ZSTD:
            said = "once more" if self._name != "identity" else "without saying so"
            raise _broken(f"The answer is compressed {said}; the publisher must send it plain or mark it.")
        return body

    def so_far(self, start: bytes) -> bytes:
        """What the first bytes of a body give, however it goes on: enough to look at an error page."""
        with suppress(DecodeError):
            self.feed(start)
        return bytes(self._out[: self._cap])

    def _decode(self, data: bytes) -> None:
        while True:
            if self._codec is not None and self._codec.ended:
                data = data.lstrip(b"\0")  # padding after the end, as gzip's own tools allow
                if not data:
                    return
                if self._name not in {"gzip", "zstd"}:
                    raise _broken(f"Something follows the end of the {self._name} data.")
                self._codec = None
            if self._codec is None:
                self._codec = self._open(data)
            self._drain(self._codec, data)
            if not self._codec.ended:
                return
            data = self._codec.rest
            if not data:
                return

    def _open(self, data: bytes) -> _Codec:
        self._begun = True
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise _broken("The answer is made of far too many compressed pieces.")
        match self._name:
            case "gzip":
                return _Zlib(31)
            case "br":
                return _Brotli()
            case "zstd":
                return _Zstd()
            case _:
                # RFC 9110 §8.4.1.2 says zlib; some servers send raw deflate. A zlib header's first byte names method 8.
                return _Zlib(15 if data[0] & 0x0F == 8 and data[0] >> 4 <= 7 else -15)

    def _drain(self, codec: _Codec, data: bytes) -> None:
        while True:
            step = codec.decompress(data, _STEP)
            self._out += step
            if len(self._out) > self._cap:
                raise too_large(self._cap)
            if codec.ended or not step:  # no output means: all input is used up (brotli's own flag says so too early)
                return
            data = b""


def decode(body: bytes, content_encoding: str | None, cap: int) -> bytes:
    """A whole body at once; raises DecodeError."""
    decoder = Decoder(content_encoding, cap)
    decoder.feed(body)
    return decoder.finish()
