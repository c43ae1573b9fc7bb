"""Time zones as publishers name them: offsets, abbreviations and IANA names."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

# Hours east of UTC. Ambiguous ones are read as news publishers mean them: IST India, CST/EST North America,
# BST Britain. Sources: RFC 822 §5.1 for the North American ones, the IANA tz database's abbreviations for the rest.
_ABBREVIATIONS: Final = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "UCT": 0, "WET": 0, "WEZ": 0,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10, "HAST": -10, "AST": -4, "ADT": -3, "NST": -3.5, "NDT": -2.5,
    "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "MET": 1, "CEST": 2, "MESZ": 2, "MEST": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "MSD": 4,
    "TRT": 3, "SAST": 2, "CAT": 2, "EAT": 3, "WAT": 1, "GST": 4, "IRST": 3.5, "PKT": 5, "IST": 5.5, "NPT": 5.75,
    "ICT": 7, "WIB": 7, "WITA": 8, "WIT": 9, "PHT": 8, "MYT": 8, "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9,
    "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "BRT": -3, "BRST": -2, "ART": -3, "CLT": -4, "CLST": -3, "PET": -5, "COT": -5, "ECT": -5, "VET": -4,
}  # fmt: skip
# Names that mean "local time, summer time or not".
_LOCAL: Final = {
    "ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
    "AET": "Australia/Sydney", "AWT": "Australia/Perth", "UK": "Europe/London",
}  # fmt: skip
_OFFSET: Final = re.compile(r"(?:UTC|GMT|UT|Z)?\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?(?!\d)", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z]+(?:/[A-Za-z_+-]+[0-9]*){1,2}|[A-Za-z]{1,5}")


@lru_cache(maxsize=512)
def find(written: str) -> tzinfo | None:
    """The zone written at the end of a date ("+0100", "GMT+9", "AEST", "America/Chicago", "-0500 (EST)"), or None."""
    written = written.strip(" ()[]\t,.")
    if not written:
        return None
    offset = _OFFSET.match(written)
    if offset:
        sign, hours, minutes = offset.groups()
        east = timedelta(hours=int(hours), minutes=int(minutes or 0))
        # The widest offsets in use are −12:00 and +14:00 (IANA tz database).
        return None if east > timedelta(hours=14) else timezone(-east if sign == "-" else east)
    name = _NAME.match(written)
    if not name:
        return None
    if "/" in name.group():
        return named(name.group())
    abbreviation = name.group().upper()
    if abbreviation in _LOCAL:
        return named(_LOCAL[abbreviation])
    hours_east = _ABBREVIATIONS.get(abbreviation)
    if hours_east is None:
        return None
    return UTC if hours_east == 0 else timezone(timedelta(hours=hours_east))


@lru_cache(maxsize=512)
def named(name: str) -> tzinfo | None:
    """The zone of an IANA name ("Australia/Perth") or None. Never raises, whatever the name."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None
