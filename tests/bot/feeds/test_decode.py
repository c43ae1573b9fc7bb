"""Content codings: what honest servers send is read, bombs stop at the cap, damage is refused."""

from __future__ import annotations

import gzip
import zlib

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.feeds.decode import DecodeError, Decoder, decode
from bot.feeds.model import FaultKind
from tests.feedserver import CODINGS

CAP = 1 << 20
BODY = b"<rss><channel><title>Copper</title></channel></rss>" * 400


def raw_deflate(body: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(body) + squeeze.flush()


READABLE = {
    "no header": (None, BODY),
    "identity": ("identity", BODY),
    "empty header": ("", BODY),
    "gzip": ("gzip", gzip.compress(BODY)),
    "x-gzip": ("x-gzip", gzip.compress(BODY)),
    "upper case": ("GZIP", gzip.compress(BODY)),
    "identity, gzip": ("identity, gzip", gzip.compress(BODY)),
    "gzip members": ("gzip", gzip.compress(BODY[:99]) + gzip.compress(BODY[99:])),
    "gzip with padding": ("gzip", gzip.compress(BODY) + bytes(512)),
    "deflate as zlib": ("deflate", zlib.compress(BODY)),
    "deflate, raw": ("deflate", raw_deflate(BODY)),
    "brotli": ("br", CODINGS["br"](BODY)),
    "zstd": ("zstd", zstd.compress(BODY)),
    "zstd frames": ("zstd", zstd.compress(BODY[:99]) + zstd.compress(BODY[99:])),
}


@pytest.mark.parametrize(("coding", "data"), READABLE.values(), ids=READABLE.keys())
@pytest.mark.parametrize("step", [1, 7, 1000, CAP])
def test_honest_bodies_are_read_in_any_chunks(coding: str | None, data: bytes, step: int) -> None:
    decoder = Decoder(coding, CAP)
    for start in range(0, len(data), step):
        decoder.feed(data[start : start + step])
    assert decoder.finish() == BODY


@pytest.mark.parametrize("coding", [None, "gzip", "br", "zstd", "deflate"])
def test_an_empty_body_is_empty_in_every_coding(coding: str | None) -> None:
    assert decode(b"", coding, CAP) == b""


DAMAGED = {
    "twice over": ("gzip, gzip", gzip.compress(gzip.compress(BODY))),
    "two codings": ("gzip, br", BODY),
    "unknown": ("compress", BODY),
    "nonsense": ("\x00\xff" * 900, BODY),
    "gzip inside gzip, said once": ("gzip", gzip.compress(gzip.compress(BODY))),
    "gzip without a word": (None, gzip.compress(BODY)),
    "zstd without a word": ("identity", zstd.compress(BODY)),
    "ten thousand empty members": ("gzip", gzip.compress(b"") * 10_000),
    **{f"{name}, plain in truth": (name, BODY) for name in CODINGS},
    **{f"{name}, cut in half": (name, pack(BODY)[: len(pack(BODY)) // 2]) for name, pack in CODINGS.items()},
    **{f"{name}, last byte missing": (name, pack(BODY)[:-1]) for name, pack in CODINGS.items()},
    **{f"{name}, junk after the end": (name, pack(BODY) + b"<!-- x -->") for name, pack in CODINGS.items()},
}


@pytest.mark.parametrize(("coding", "data"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_bodies_are_refused(coding: str | None, data: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(data, coding, CAP)
    assert caught.value.fault.kind is FaultKind.ENCODING
    assert len(caught.value.fault.detail) < 200


@pytest.mark.parametrize("coding", CODINGS)
def test_bombs_stop_at_the_cap(coding: str) -> None:
    """64 MiB of zeros in a few kilobytes: refused as too large, with no more held than the cap and one step."""
    bomb = CODINGS[coding](bytes(64 << 20))
    decoder = Decoder(coding, CAP)
    with pytest.raises(DecodeError) as caught:
        decoder.feed(bomb)
    assert caught.value.fault.kind is FaultKind.TOO_LARGE
    assert len(decoder.so_far(b"")) <= CAP


def test_a_zstd_window_beyond_the_web_limit_is_refused() -> None:
    """A window of 128 MiB would make the decoder itself the bomb (RFC 9659)."""
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    squeeze = zstd.ZstdCompressor(options=options)
    data = squeeze.compress(b"<rss/>", zstd.ZstdCompressor.FLUSH_BLOCK) + squeeze.flush()
    with pytest.raises(DecodeError) as caught:
        decode(data, "zstd", CAP)
    assert caught.value.fault.kind is FaultKind.ENCODING


@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_the_cap_is_exact(coding: str | None) -> None:
    pack = CODINGS[coding] if coding else bytes
    assert len(decode(pack(b"a" * 1000), coding, 1000)) == 1000
    with pytest.raises(DecodeError):
        decode(pack(b"a" * 1001), coding, 1000)


def test_an_error_page_is_read_as_far_as_it_goes() -> None:
    data = gzip.compress(BODY)
    assert Decoder("gzip", CAP).so_far(data[:-9]).startswith(b"<rss>")
    assert Decoder("gzip", CAP).so_far(b"not gzip") == b""


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault


@given(st.sampled_from([None, *CODINGS, "deflate"]), st.lists(st.binary(max_size=200), max_size=5))
@CALM
def test_any_bytes_are_decoded_or_refused(coding: str | None, chunks: list[bytes]) -> None:
    decoder = Decoder(coding, 1000)
    try:
        for chunk in chunks:
            decoder.feed(chunk)
        assert len(decoder.finish()) <= 1000
    except DecodeError:
        return


@given(st.sampled_from(list(CODINGS)), st.binary(max_size=5000), st.integers(1, 50))
@CALM
def test_what_was_packed_comes_back(coding: str, body: bytes, step: int) -> None:
    data = CODINGS[coding](body)
    decoder = Decoder(coding, CAP)
    for start in range(0, len(data), step):
        decoder.feed(data[start : start + step])
    if body[:2] != b"\x1f\x8b" and body[:4] != b"\x28\xb5\x2f\xfd":
        assert decoder.finish() == body
