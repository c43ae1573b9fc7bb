"""HTML to plain text, pictures and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import clean

TEXTS = {
    "paragraphs get a space": ("<p>One</p><p>Two</p>", "One Two"),
    "inline tags get none": ("H<sub>2</sub>O and <b>bold</b>er", "H2O and bolder"),
    "line breaks": ("one<br/>two<br>three", "one two three"),
    "entities": ("AT&amp;T &mdash; 5&nbsp;%", "AT&T — 5 %"),
    "entities twice": ("AT&amp;amp;T", "AT&T"),
    "tags behind entities": ("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&lt;/p&gt;", "One Two"),
    "script and style": ("<style>p{}</style>Hi<script>alert('<b>')</script> there", "Hi there"),
    "unclosed script": ("Hi<script>alert(1)", "Hi"),
    "comment": ("a<!-- <b>no</b> -->b", "ab"),
    "unclosed comment": ("a<!-- b", "a"),
    "mathematics": ("a < b and c > d", "a < b and c > d"),
    "generics are no tags": ("Vec<T> in Rust", "Vec<T> in Rust"),
    "cut-off tag": ("text <a href='x", "text"),
    "CDATA marks": ("<![CDATA[text]]>", "text"),
    "image only": ("<img src='x' alt='y'>", ""),
    "mojibake": ("Goldâ€™s rise", "Gold’s rise"),
    "no mojibake": ("CAFÉ\u00a0: Ô à São", "CAFÉ : Ô à São"),
    "zalgo": ("g" + "\u0301" * 50 + "old", "g\u0301\u0301\u0301old"),
    "emoji family keeps its joiners": ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    "Persian keeps its non-joiner": ("می\u200cخواهم", "می\u200cخواهم"),
    "hidden joiner in Latin": ("go\u200dld", "gold"),
    "everyone": ("@everyone <@123>", "@everyone <@123>"),
}


@pytest.mark.parametrize(("markup", "expected"), TEXTS.values(), ids=TEXTS.keys())
def test_markup_becomes_this_text(markup: str, expected: str) -> None:
    assert clean.text(markup, 2000) == expected


@given(st.text(), st.integers(10, 300))
def test_text_is_one_visible_line_within_its_limit(markup: str, limit: int) -> None:
    found = clean.text(markup, limit)
    assert len(found) <= limit
    assert "\n" not in found
    assert not set(found) & set("\u202e\u2066\u200b\ufeff\x00\x1b")


@pytest.mark.parametrize(
    "hostile", ["<!--" * 100_000, "<" * 400_000, "<a " * 130_000, "<script>" * 50_000, "&" * 400_000, "&amp;" * 90_000]
)
def test_hostile_markup_is_done_with_in_one_pass(hostile: str) -> None:
    assert len(clean.text(hostile, 2000)) <= 2000
    clean.first_picture(hostile)


def test_a_cut_falls_between_words_and_shows() -> None:
    assert clean.shorten("copper prices rise again", 20) == "copper prices rise…"
    assert clean.shorten("x" * 30, 20) == "x" * 19 + "…"
    assert clean.shorten("short", 20) == "short"


ADDRESSES = {
    "absolute": ("https://e.com/a?b=1&c=2#d", "https://e.com/a?b=1&c=2#d"),
    "relative": ("../b", "https://base.com/b"),
    "protocol-relative": ("//e.com/a", "https://e.com/a"),
    "escaped ampersand": ("https://e.com/?a=1&amp;b=2", "https://e.com/?a=1&b=2"),
    "spaces inside": (" https://e.com/a b ", "https://e.com/a%20b"),
    "quotes that would end a link": ('https://e.com/">x', "https://e.com/%22%3Ex"),
    "unicode path": ("https://e.com/é", "https://e.com/%C3%A9"),
    "script": ("javascript:alert(1)", None),
    "script in disguise": ("java\u200bscript:alert(1)", None),
    "data": ("data:text/html,<b>", None),
    "file": ("file:///etc/passwd", None),
    "no host": ("https:///a", None),
    "bad port": ("https://e.com:99999/", None),
    "too long": ("https://e.com/" + "a" * 3000, None),
    "angle brackets in host": ("https://e<b>.com/", None),
    "none": (None, None),
}


@pytest.mark.parametrize(("written", "expected"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_addresses(written: str | None, expected: str | None) -> None:
    assert clean.address(written, "https://base.com/x/y") == expected


@given(st.text())
def test_no_address_raises_or_carries_a_space(written: str) -> None:
    found = clean.address("https://e.com/" + written)
    assert found is None or (not any(c.isspace() for c in found) and found.isascii())


PICTURES = {
    "first one": ('<p><img src="https://e.com/1.jpg"><img src="https://e.com/2.jpg">', "https://e.com/1.jpg"),
    "no http": ('<img src="http://e.com/1.jpg"><img src="https://e.com/2.jpg">', "https://e.com/2.jpg"),
    "no pixel": ('<img width="1" height=1 src="https://t.com/p.gif"><img src="https://e.com/2.jpg">', "https://e.com/2.jpg"),
    "no data": ('<img src="data:image/png;base64,AAAA">', None),
    "relative": ("<img class=x src='/i.png' />", "https://base.com/i.png"),
    "escaped": ("&lt;img src=&quot;https://e.com/1.jpg&quot;&gt;", "https://e.com/1.jpg"),
    "none": ("<p>text</p>", None),
}  # fmt: skip


@pytest.mark.parametrize(("markup", "expected"), PICTURES.values(), ids=PICTURES.keys())
def test_pictures(markup: str, expected: str | None) -> None:
    assert clean.first_picture(markup, "https://base.com/") == expected
