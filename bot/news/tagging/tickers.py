"""Stock tickers as headlines write them: (TSX: ABX), (TSX-V: XYZ; OTCQB: ABCDF), $NEM, ASX:BHP."""

from __future__ import annotations

import re
from typing import Final

from bot.news.model import Tag

# Longer spellings first, so that "TSX-V" is not read as "TSX". Codes that are also plain words or countries before a
# colon ("US:", "EPA:", "BIT:") are left out: "EPA: GM must pay" names no share.
_CODES: Final = """AMEX ASX LSE LSX LON AIM CSE CNSX NEO CBOE PINK JSE HKEX HKG SEHK FSE FRA FWB ETR STU XETRA NZX SGX
    BVL TYO SHA SHE NSE BSE OMX STO OSL OSE B3"""
_EXCHANGES: Final = (
    r"TSX[ -]?V(?:ENTURE)?",
    "TSX",
    r"NYSE[ -](?:AMERICAN|American|MKT|ARCA)",
    "NYSEAM",
    "NYSE",
    r"NASDAQ[ -]?(?:GS|GM|CM)",
    "NASDAQ",
    r"OTC(?:QB|QX|BB| ?MKTS| ?PINK| ?Pink| Markets)?",
    *_CODES.split(),
)
_SYMBOL: Final = r"(?:[A-Z][A-Z0-9]{0,5}|\d[A-Z0-9]{2,5})(?:[.-][A-Z]{1,3})?"
_LISTED: Final = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(_EXCHANGES)}|Nasdaq|Aim|Tsx-v)\s?:\s?"
    rf"(\$?{_SYMBOL}(?:\s?(?:,|/|&|and)\s?{_SYMBOL}(?!\s?:))*)(?![A-Za-z0-9])"
)
_EACH: Final = re.compile(_SYMBOL)
_CASHTAG: Final = re.compile(r"(?<![A-Za-z0-9$])\$([A-Z]{1,6}(?:\.[A-Z]{1,2})?)(?![A-Za-z0-9])")
_CURRENCIES: Final = frozenset({"US", "A", "C", "NZ", "HK", "USD", "CAD", "AUD"})


def tickers(text: str) -> tuple[Tag, ...]:
    """The tickers of a headline in order, each symbol once, in upper case without its exchange."""
    found: dict[str, str] = {}
    if ":" in text:
        for match in _LISTED.finditer(text):
            for symbol in _EACH.findall(match[1]):
                found.setdefault(symbol, match[0])
    if "$" in text:
        for match in _CASHTAG.finditer(text):
            if match[1] not in _CURRENCIES:
                found.setdefault(match[1], match[0])
    return tuple(Tag(symbol, (words,)) for symbol, words in found.items())
