"""Double encoding is mended only when it is certain; decoding never fails. (Conflicts of labels: test_parse.)"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import charset, mend


@pytest.mark.parametrize("text", ["Métaux précieux", "Gold’s “rise” – 5 %", "£5 billion", "Złoto — €", "naïve 金"])
def test_text_encoded_twice_is_mended(text: str) -> None:
    twice = text.encode().decode("cp1252", "ignore")
    if twice.encode("cp1252", "ignore") == text.encode():
        assert charset.undouble(twice) == text


@pytest.mark.parametrize(
    "text",
    ["CAFÉ\u00a0: Ô", "MARCHÉ\u00a0", "IRMÃ\u00a0Maria à Paris", "â", "Ã", "São Tomé", "Plain", "Â£5 for Müller"],
)
def test_text_that_may_be_meant_stays(text: str) -> None:
    assert charset.undouble(text) == text


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=40)))
def test_decoding_never_fails(body: bytes, content_type: str | None) -> None:
    found = charset.decode(body, content_type)
    found.text.encode("utf-8")
    assert "\x00" not in found.text


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufeff\ufffe\uffff")))
def test_utf8_is_read_as_it_is_whatever_the_server_says(text: str) -> None:
    body = ("<rss>" + text + "</rss>").encode()
    assert charset.decode(body, "text/xml; charset=utf-8").text == charset.undouble(
        charset.without_forbidden(body.decode())
    )


def test_entities_are_named_once_and_only_those_xml_lacks() -> None:
    assert charset.name_entities("&nbsp;&amp;nbsp;&lt;&eacute;&unknown;") == "\u00a0&amp;nbsp;&lt;é&unknown;"


MENDS = {
    "comments go": ("a<!-- x -->b", "ab", False),
    "CDATA is not looked into": ("<![CDATA[<!-- x -->]]>", "<![CDATA[<!-- x -->]]>", False),
    "unclosed comment becomes text": ("a<!-- x", "a&lt;!-- x", True),
    "unclosed CDATA stays": ("<!--a--><![CDATA[ x <!--", "<![CDATA[ x <!--", True),
}


@pytest.mark.parametrize(("text", "expected", "unclosed"), MENDS.values(), ids=MENDS.keys())
def test_comments_are_taken_out(text: str, expected: str, unclosed: bool) -> None:
    assert mend.uncommented(text) == (expected, unclosed)
