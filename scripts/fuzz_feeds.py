"""Fuzzes the feed parser with atheris for as long as it is left to run: `python scripts/fuzz_feeds.py [CORPUS …]`.

Atheris is not among the project's dependencies (`pip install atheris` in an environment of its own). Whatever is fed in
must end in a ParsedFeed or a FeedError; anything else is a find. `tests/bot/feeds/test_fuzz_*.py` are the short form.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import contextlib

try:
    import atheris
except ImportError:
    raise SystemExit("atheris is not installed; `pip install atheris` and run this again.") from None

with atheris.instrument_imports(include=["bot.feeds", "feedparser"]):
    from bot.feeds import discover, jsonfeed, page, parse, pieces, sitemap  # noqa: F401
    from bot.feeds.model import FeedError


def one(data: bytes) -> None:
    """One input: the first byte chooses the content type."""
    kinds = (None, "application/rss+xml", "text/xml; charset=latin-1", "application/json", "text/html; charset=utf-16")
    content_type = kinds[data[0] % len(kinds)] if data else None
    with contextlib.suppress(FeedError):
        found = parse.parse(data[1:], content_type=content_type, url="http://x.example/f")
        known = frozenset(list(found.pieces)[::2])
        again = parse.parse(data[1:], content_type=content_type, url="http://x.example/f", known=known)
        assert again.total == found.total
    discover.discover(data[1:], "http://x.example/", content_type=content_type)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
