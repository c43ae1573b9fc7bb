"""Reads dates as publishers write them. The raw string is kept by the caller; this only says what instant it means.

Rules for what a date leaves open: no time → midnight; no zone → the feed's zone, else UTC; day and month both
possible → see `_numeric`; more than a day ahead of `now`, or before 1971 → None (a feed's clock or a placeholder, so
no instant is better than a wrong one).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.feeds import months, zones

if TYPE_CHECKING:
    from datetime import tzinfo

_AHEAD: Final = timedelta(days=1)
_LONGEST: Final = 120  # characters; no date needs more, and hostile ones cost time

# RFC 822 §5 / RFC 5322 §3.3 with the liberties seen in feeds: names in full, two-digit years, no seconds.
_RFC = re.compile(
    r"(?:[A-Za-z]{2,9}[.,]*\s+)?(\d{1,2})[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{4}|\d{2})"
    r"(?:[\s,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?![\d:])\s*([AaPp](?=\.?[Mm]\b)\.?[Mm]\.?)?\s*(.*))?\Z"
)
# ISO 8601 and W3CDTF, with any of - / . between the parts.
_ISO = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2})(?:(?:\s*T\s*|[\s,]+)"
    r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?(?![\d:])\s*([AaPp](?=\.?[Mm]\b)\.?[Mm]\.?)?\s*(.*))?)?)?\Z",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(?:(\d\d)(?:\.\d+)?)?)?\s*(.*)\Z", re.IGNORECASE)
_NUMERIC = re.compile(r"(?:\w+[.,]*\s+)?(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_UNIX = re.compile(r"(\d{9,10})(?:\.\d+)?\Z|(\d{12,13})\Z")
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]?")
_TIME = re.compile(
    r"(?:(上午|下午|오전|오후)\s*)?(?<!\d)(\d{1,2})(?:[:.h時时시](\d{2})(?:[:.分분](\d{2}))?(?:[.,]\d+)?|(?=\s*[ap]\.?m\b))"
    r"\s*([ap])?(?:\.?m\b\.?)?",
    re.IGNORECASE,
)
_AFTERNOON: Final = frozenset("pP下")
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_NUMBER = re.compile(r"\d+")
_OFFSET_START = re.compile(r"[+-]\s?\d{2}:?\d{2}\b|GMT|UTC")
_FULL_YEAR = re.compile(r"(?<![+-])\b\d{4}\b(?!:)")
_AMERICAN: Final = re.compile(r"[AaPp]\.?[Mm]\b|\b(?:E|C|M|P)[SD]?T\b")


def parse(raw: str | None, *, zone: str | None = None, now: datetime | None = None) -> datetime | None:
    """The instant in UTC, or None when the string names none that can be trusted. Never raises.

    zone: IANA name for dates that carry none of their own. now: aware; without it the future is not looked at.
    """
    if not raw:
        return None
    written = " ".join(raw[: _LONGEST * 2].split())[:_LONGEST]
    try:
        found = _read(written, zone, now)
        if found is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if found.year < 1971 or (now is not None and found > now + _AHEAD):
        return None
    return found


def _read(written: str, zone: str | None, now: datetime | None) -> datetime | None:
    match = _RFC.match(written)
    if match:
        day, name, year, hour, minute, second, half, tail = match.groups()
        month = months.ENGLISH.get(name[:3].lower()) if name.lower() in months.ENGLISH else None
        if month:
            return _make(_year(year), month, int(day), _hour(hour, half), minute, second, tail, zone)
    match = _ISO.match(written)
    if match:
        year, _, month_digits, day, hour, minute, second, fraction, half, tail = match.groups()
        month, day_number = int(month_digits or 1), int(day or 1)
        if 1 <= month <= 12:
            moment = _make(int(year), month, day_number, _hour(hour, half), minute, second, tail, zone)
            return moment.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if moment and fraction else moment
    match = _UNIX.match(written)
    if match and (match.group(1) or match.group(2)):
        seconds = int(match.group(1)) if match.group(1) else int(match.group(2)) / 1000
        return datetime.fromtimestamp(seconds, UTC)
    match = _COMPACT.match(written)
    if match:
        year, mon, day, hour, minute, second, tail = match.groups()
        return _make(int(year), int(mon), int(day), hour, minute, second, tail, zone)
    return _numeric(written, zone, now) or _worded(written, zone)


def _numeric(written: str, zone: str | None, now: datetime | None) -> datetime | None:
    """22.11.2022, 22/11/2022, 11/22/2022 … with any time after it.

    Dots and dashes put the day first. With slashes a part above 12 decides; else AM/PM or an American zone puts the
    month first; else the reading that is not in the future; else the day comes first, as in most of the world.
    """
    match = _NUMERIC.match(written)
    if not match:
        return None
    first, mark, second, year = match.groups()
    day, month = int(first), int(second)
    rest = written[match.end() :]
    american = mark == "/" and bool(_AMERICAN.search(rest))
    if month > 12 or (american and day <= 12):
        day, month = month, day
    hour, minute, seconds, tail = _clock(rest)
    found = _make(_year(year), month, day, hour, minute, seconds, tail, zone)
    if found and now and mark == "/" and day <= 12 and found > now + _AHEAD:
        return _make(_year(year), day, month, hour, minute, seconds, tail, zone)
    return found


def _worded(written: str, zone: str | None) -> datetime | None:
    """Dates with a month's name in any known language, in any order; year, day and time are told by their shape."""
    match = _CJK.search(written)
    if match:
        hour, minute, second, tail = _clock(written[match.end() :])
        return _make(int(match[1]), int(match[2]), int(match[3]), hour, minute, second, tail, zone)
    clock = _TIME.search(written)
    while clock and not (clock.group(3) or clock.group(5) or clock.group(1)):
        clock = _TIME.search(written, clock.end())
    rest = written[: clock.start()] + " | " + written[clock.end() :] if clock else written
    names = [(word, month) for word in _WORD.finditer(rest) if (month := months.find(word.group()))]
    if len(names) > 1:
        names = names[1:]  # "mar." before another month is French and Spanish for Tuesday
    for word, month in names:
        before = _NUMBER.findall(rest[: word.start()])
        after = _NUMBER.findall(_OFFSET_START.split(rest[word.end() :])[0])
        year = next((n.group() for n in _FULL_YEAR.finditer(rest)), None)
        days = [n for n in [*before[-1:], *after] if len(n) <= 2 and 1 <= int(n) <= 31]
        if year is None and len(days) >= 2:
            year = days[1]
        if year is None or not days:
            continue
        hour, minute, second, _ = _clock(clock.group() if clock else "")
        tail = _FULL_YEAR.sub("", rest.rpartition("|")[2], count=1) if clock else ""
        return _make(_year(year), month, int(days[0]), hour, minute, second, tail, zone)
    return None


def _clock(written: str) -> tuple[str | None, str | None, str | None, str]:
    """(hour, minute, second, what follows) of a time of day, AM and PM worked in."""
    match = _TIME.search(written)
    if not match:
        return None, None, None, ""
    before, hour, minute, second, half = match.groups()
    return _hour(hour, before or half), minute, second, written[match.end() :]


def _hour(hour: str | None, half: str | None) -> str | None:
    if not hour or not half or int(hour) > 12:
        return hour
    return str(int(hour) % 12 + (12 if half[0] in _AFTERNOON or half == "오후" else 0))


def _make(
    year: int, month: int, day: int,
    hour: str | None, minute: str | None, second: str | None, tail: str | None, zone: str | None,
) -> datetime | None:  # fmt: skip
    where: tzinfo = (tail and zones.find(tail)) or (zone and zones.named(zone)) or UTC
    hours, seconds = int(hour or 0), int(second or 0)
    later = timedelta(0)
    if hours == 24:  # ISO 8601:2004 §4.2.3 allows 24:00 for the day's end
        hours, later = 0, timedelta(days=1)
    return datetime(year, month, day, hours, int(minute or 0), min(seconds, 59), tzinfo=where) + later


def _year(written: str) -> int:
    """Two digits as RFC 2822 §4.3 has it: 00–49 are 20xx, 50–99 are 19xx."""
    number = int(written)
    return number if len(written) > 2 else number + (2000 if number < 50 else 1900)
