"""Every trap in publishers' dates is a row."""

from __future__ import annotations

import calendar
import html
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from feedparser.datetimes import _parse_date
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import charset, dates, months, zones
from tests.corpus import recorded_feeds, shared

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, tzinfo=UTC)

CASES = {
    "RFC 822": ("Sun, 22 Nov 2026 10:00:00 GMT", "2026-11-22T10:00:00"),
    "offset": ("Sun, 22 Nov 2026 10:00:00 +0530", "2026-11-22T04:30:00"),
    "offset with its name": ("Sat, 07 Sep 2002 00:00:01 -0500 (EST)", "2002-09-07T05:00:01"),
    "no seconds (GlobeNewswire)": ("Fri, 25 Sep 2026 12:00 GMT", "2026-09-25T12:00:00"),
    "two-digit year": ("Thu, 30 Apr 98 05:05:05 PDT", "1998-04-30T12:05:05"),
    "ISO with slashes, not 1 November": ("2020/1/10 14:33:00", "2020-01-10T14:33:00"),
    "ISO without zone (investing.com)": ("2026-09-15 21:04:02", "2026-09-15T21:04:02"),
    "ISO with offset and fraction": ("2022-11-22T12:16:00.5-05:00", "2022-11-22T17:16:00.500000"),
    "ISO basic": ("20221122T121600Z", "2022-11-22T12:16:00"),
    "ISO day's end": ("2022-11-22T24:00:00Z", "2022-11-23T00:00:00"),
    "ISO with AM/PM": ("2022-11-22 3:05 PM", "2022-11-22T15:05:00"),
    "date only": ("2022-11-22", "2022-11-22T00:00:00"),
    "British Summer Time": ("Sun, 22 Jun 2025 10:00:00 BST", "2025-06-22T09:00:00"),
    "CEST": ("Sun, 22 Jun 2025 10:00:00 CEST", "2025-06-22T08:00:00"),
    "AEST": ("Sun, 22 Jun 2025 10:00:00 AEST", "2025-06-22T00:00:00"),
    "AEDT": ("Sun, 22 Jun 2025 12:00:00 AEDT", "2025-06-22T01:00:00"),
    "IST": ("Sun, 22 Jun 2025 10:00:00 IST", "2025-06-22T04:30:00"),
    "zone by name (oilprice.com)": ("Tue, 15 Sep 2026 10:00:00 America/Chicago", "2026-09-15T15:00:00"),
    "zone by name in winter": ("Tue, 15 Dec 2020 10:00:00 America/Chicago", "2020-12-15T16:00:00"),
    "GMT+9": ("Tue, 22 Nov 2022 12:16:00 GMT+9", "2022-11-22T03:16:00"),
    "ET": ("Nov 22, 2022 at 3:05 p.m. ET", "2022-11-22T20:05:00"),
    "dotted": ("22.11.2022 12:16:00", "2022-11-22T12:16:00"),
    "dashed, day first": ("05-04-2022 08:00", "2022-04-05T08:00:00"),
    "dashed with month's name": ("22-Nov-2022 10:00", "2022-11-22T10:00:00"),
    "American long": ("Friday, January 29, 2021 04:42 PM", "2021-01-29T16:42:00"),
    "American slashes by PM": ("03/04/2022 3:05:00 PM", "2022-03-04T15:05:00"),
    "slashes, day over 12": ("22/11/2022 10:00", "2022-11-22T10:00:00"),
    "slashes, month first by necessity": ("11/22/2022", "2022-11-22T00:00:00"),
    "slashes, day first by default": ("03/04/2022", "2022-04-03T00:00:00"),
    "slashes, the reading that is not in the future": ("11/12/2026", "2026-11-12T00:00:00"),
    "asctime": ("Tue Nov 22 12:16:00 2022", "2022-11-22T12:16:00"),
    "asctime with zone": ("Tue Nov 22 12:16:00 EST 2022", "2022-11-22T17:16:00"),
    "asctime with offset": ("Tue Nov 22 12:16:00 +0100 2022", "2022-11-22T11:16:00"),
    "French": ("lundi 22 novembre 2022 12:16", "2022-11-22T12:16:00"),
    "French mardi is not March": ("mar., 22 févr. 2022 12:16:00 +0100", "2022-02-22T11:16:00"),
    "French with h": ("mardi 1er mars 2022 à 10h30", "2022-03-01T10:30:00"),
    "Spanish": ("22 de noviembre de 2022", "2022-11-22T00:00:00"),
    "Spanish rfc": ("jue, 05 ene 2023 10:00:00 -0300", "2023-01-05T13:00:00"),
    "German": ("Mo, 22 Dez 2022 12:16:00 +0100", "2022-12-22T11:16:00"),
    "German dotted": ("Mittwoch, 2. März 2022 08:30", "2022-03-02T08:30:00"),
    "Portuguese": ("Ter, 22 Fev 2022 12:16:00 -0300", "2022-02-22T15:16:00"),
    "Italian": ("1 luglio 2022 10:00", "2022-07-01T10:00:00"),
    "Dutch": ("di, 22 mrt. 2022 12:16:00 +0100", "2022-03-22T11:16:00"),
    "Russian": ("вт, 22 ноя 2022 12:16:00 +0300", "2022-11-22T09:16:00"),
    "Chinese": ("2022年11月22日 12:16", "2022-11-22T12:16:00"),
    "Korean afternoon": ("2022년 11월 22일 오후 3:16", "2022-11-22T15:16:00"),
    "Unix seconds": ("1669119360", "2022-11-22T12:16:00"),
    "Unix milliseconds": ("1669119360000", "2022-11-22T12:16:00"),
    "a little in the future": ("Mon, 23 Nov 2026 12:00:00 GMT", "2026-11-23T12:00:00"),
    "far in the future": ("Wed, 01 Jan 2031 00:00:00 GMT", None),
    "year one": ("0001-01-01T00:00:00Z", None),
    "epoch placeholder": ("1970-01-01T00:00:00Z", None),
    "no such day": ("Tue, 31 Feb 2022 10:00:00 GMT", None),
    "no date": ("yesterday-ish", None),
    "empty": ("", None),
}


@pytest.mark.parametrize(("raw", "expected"), CASES.values(), ids=CASES.keys())
def test_each_written_form_means_this_instant(raw: str, expected: str | None) -> None:
    found = dates.parse(raw, now=NOW)
    assert (found.replace(tzinfo=None).isoformat() if found else None) == expected


def test_the_feeds_zone_counts_only_where_the_date_has_none() -> None:
    bare, own = "2026-07-15 21:04:02", "Wed, 15 Jul 2026 21:04:02 GMT"
    assert dates.parse(bare, zone="America/New_York") == datetime(2026, 7, 16, 1, 4, 2, tzinfo=UTC)
    assert dates.parse(own, zone="America/New_York") == datetime(2026, 7, 15, 21, 4, 2, tzinfo=UTC)
    assert dates.parse(bare, zone="Nowhere/Atlantis") == datetime(2026, 7, 15, 21, 4, 2, tzinfo=UTC)


def test_without_now_the_future_is_believed() -> None:
    assert dates.parse("2031-01-01") == datetime(2031, 1, 1, tzinfo=UTC)


@given(st.text(max_size=300))
def test_no_text_raises(raw: str) -> None:
    found = dates.parse(raw, zone="Europe/Paris", now=NOW)
    assert found is None or found.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1972, 1, 1), max_value=datetime(2026, 11, 1)))
def test_what_the_standards_write_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    for form in ("%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S"):
        assert dates.parse(moment.strftime(form), now=NOW) == moment


@given(st.text(max_size=40))
def test_no_zone_raises(name: str) -> None:
    zones.find(name)
    zones.named(name)


def test_a_months_name_in_english_wins_over_other_languages() -> None:
    assert months.find("Mar") == 3
    assert months.find("sept") == 9
    assert months.find("ma") is None


# Feedparser reads these recorded dates wrongly (lessons of shared/feeds/README.md), or we refuse what it takes.
DIFFERENT_ON_PURPOSE = (
    "BST",
    "CEST",
    "AEST",
    "IST",
    "America/",
    "CST",
    "MEZ",
    "AEDT",
    "WIB",
    "MSK",
    "/",
    " PM",
    " pm",
    " am ",
)


_DATE = re.compile(
    r"<(?:\w+:)?(?:pubDate|published|issued|date)\b[^>]*>\s*(?:<!\[CDATA\[)?\s*([^<\]]+?)\s*(?:\]\]>)?\s*<"
)


def written_dates(path: Path) -> list[str]:
    """Every publication date of a recorded feed, as its publisher wrote it."""
    return [html.unescape(raw) for raw in _DATE.findall(charset.decode(path.read_bytes()).text)]


def test_recorded_dates_agree_with_feedparser_unless_it_is_known_to_err() -> None:
    shared("feeds")
    differing: list[tuple[str, object, object]] = []
    checked = 0
    for raw in sorted({raw for path in recorded_feeds() for raw in written_dates(path)}):
        theirs = _parse_date(raw)  # what feedparser makes of it, without reading 25 MB of feeds for it
        if not theirs or theirs.tm_year < 1971 or any(mark in raw for mark in DIFFERENT_ON_PURPOSE):
            continue
        ours = dates.parse(raw)
        checked += 1
        if ours is None or abs((ours - datetime.fromtimestamp(calendar.timegm(theirs), UTC)).total_seconds()) > 59:
            differing.append((raw, ours, tuple(theirs[:6])))
    assert checked > 3000
    assert differing == []
