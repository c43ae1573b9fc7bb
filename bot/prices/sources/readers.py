"""The readers by name: what each can bring, whether it needs a key, and how to ask and understand it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.prices.sources import ecb, gold_api, keyed, swissquote, world_bank, yahoo
from bot.prices.sources.base import Parsed, Request

_Parse = Callable[[Request, bytes, datetime, str], Parsed]


@dataclass(frozen=True, slots=True)
class Reader:
    """metals: what it can bring ("fx" for currencies). requests(metals, url, key). slow: parse in a thread."""

    url: str
    metals: tuple[str, ...]
    requests: Callable[[Sequence[str], str, str], list[Request]]
    parse: _Parse
    needs_key: bool = False
    slow: bool = False


def _keyless(
    build: Callable[[Sequence[str], str], list[Request]],
) -> Callable[[Sequence[str], str, str], list[Request]]:
    return lambda metals, url, _key: build(metals, url)


READERS: Final[dict[str, Reader]] = {
    "gold-api": Reader(gold_api.URL, gold_api.METALS, _keyless(gold_api.requests), gold_api.parse),
    "swissquote": Reader(swissquote.URL, swissquote.METALS, _keyless(swissquote.requests), swissquote.parse),
    "yahoo": Reader(yahoo.URL, tuple(yahoo.SYMBOLS), _keyless(yahoo.requests), yahoo.parse),
    "world-bank": Reader(
        world_bank.URL, tuple(world_bank.COLUMNS), _keyless(world_bank.requests), world_bank.parse, slow=True
    ),
    "ecb": Reader(ecb.URL, ("fx",), _keyless(ecb.requests), ecb.parse),
    "goldapi.io": Reader(
        keyed.GOLDAPI_URL, keyed.PRECIOUS, keyed.goldapi_requests, keyed.goldapi_parse, needs_key=True
    ),
    "metals.dev": Reader(
        keyed.METALS_DEV_URL,
        (*keyed.PRECIOUS, "copper"),
        keyed.metals_dev_requests,
        keyed.metals_dev_parse,
        needs_key=True,
    ),
    "metalpriceapi": Reader(
        keyed.METALPRICEAPI_URL,
        keyed.PRECIOUS,
        keyed.metalpriceapi_requests,
        keyed.metalpriceapi_parse,
        needs_key=True,
    ),
}
