"""Whole bodies in, entries out: recorded feeds, hostile ones, and each trap of charset and form as a named case."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.feeds import parse, shell
from bot.feeds.model import FaultKind, FeedError, ParsedEntry, PublisherHints

NOW = datetime(2026, 11, 23, tzinfo=UTC)
URL = "https://example.com/feed"


def rss(items: str, head: str = "", declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return (
        f'{declaration}<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        f"<channel><title>Mine News</title><link>https://example.com/</link>{head}{items}</channel></rss>"
    ).encode()


def one(markup: str, **options: str) -> ParsedEntry:
    feed = parse.parse(rss(f"<item>{markup}</item>"), url=URL, now=NOW, **options)
    assert feed.total == 1
    return feed.entries[0]


def test_fields_of_an_ordinary_item() -> None:
    entry = one(
        "<title>Copper &amp;amp; gold &lt;b&gt;rise&lt;/b&gt;</title><link>/news/1</link>"
        '<guid isPermaLink="false">https://example.com/?p=1</guid><pubDate>Sun, 22 Nov 2026 10:00:00 BST</pubDate>'
        "<description><![CDATA[<p>First&nbsp;part.</p><p>Second <i>part</i>.</p>]]></description>"
        '<author>desk@example.com (The Desk)</author><category>Copper</category><category domain="x">Gold</category>'
        '<media:content url="http://example.com/plain.jpg" type="image/jpeg"/>'
        '<media:thumbnail url="https://example.com/thumb.jpg"/>'
    )
    assert entry.title == "Copper & gold rise"
    assert entry.url == "https://example.com/news/1"
    assert entry.guid == "https://example.com/?p=1"
    assert entry.summary == "First part. Second part."
    assert entry.author == "The Desk"
    assert entry.image == "https://example.com/thumb.jpg", "plain http is passed over"
    assert entry.published == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert entry.published_raw == "Sun, 22 Nov 2026 10:00:00 BST"
    assert entry.categories == ("Copper", "Gold")


@pytest.mark.parametrize(
    ("media", "shown"),
    [
        ('<media:content url="https://e.com/a.jpg" type="image/jpeg" width="800" height="450"/>', True),
        ('<media:content url="https://e.com/a.jpg" type="image/jpeg" width="1" height="1"/>', False),
        ('<media:content url="https://e.com/a.jpg" type="image/jpeg" width="0" height="0"/>', True),  # not known
        ('<media:content url="https://e.com/a.jpg" type="image/jpeg" fileSize="52428800"/>', False),
        ('<media:thumbnail url="https://e.com/a.jpg" width="2" height="2"/>', False),
        ('<media:thumbnail url="https://e.com/a.jpg" width="150px" height="auto"/>', True),
        ('<enclosure url="https://e.com/a.jpg" type="image/jpeg" length="99999999"/>', False),
        ('<enclosure url="https://e.com/a.jpg" type="image/jpeg" length="0"/>', True),
    ],
)
def test_a_picture_is_of_a_size_to_be_looked_at(media: str, shown: bool) -> None:
    assert one(f"<title>t</title>{media}").image == ("https://e.com/a.jpg" if shown else None)


TITLES = {
    "missing, summary stands in": ("<description>Only a &lt;b&gt;summary&lt;/b&gt;</description>", "Only a summary"),
    "missing, link stands in": ("<link>https://example.com/a</link>", "https://example.com/a"),
    "nothing at all": ("<category>x</category>", "(untitled)"),
    "bidi override": ("<title>gold \u202egnillaf\u202c now</title>", "gold gnillaf now"),
    "zero width": ("<title>go\u200bld\ufeff</title>", "gold"),
    "less-than sign kept": ("<title>Grade &amp;lt; 2 g/t</title>", "Grade < 2 g/t"),
    "control reference": ("<title>a&#2;b</title>", "ab"),
    "html entity XML does not know": ("<title>Caf&eacute; prices</title>", "Café prices"),
    "newlines": ("<title>\n  two\n  lines </title>", "two lines"),
}


@pytest.mark.parametrize(("markup", "expected"), TITLES.values(), ids=TITLES.keys())
def test_titles_are_plain_and_never_empty(markup: str, expected: str) -> None:
    assert one(markup).title == expected


UNLINKABLE = ["javascript:alert(1)", "data:text/html,x", "ftp://example.com/a", "http://", "http://[::1", "//"]


@pytest.mark.parametrize("link", UNLINKABLE)
def test_only_http_links_are_kept(link: str) -> None:
    assert one(f"<title>x</title><link>{link}</link><guid isPermaLink='false'>1</guid>").url is None


def test_a_guid_is_no_base_for_the_reading_address() -> None:
    body = rss("<item><title>x</title><guid>/relative/7</guid></item>")
    first = parse.parse(body, url="https://a.example/feed").entries[0]
    second = parse.parse(body, url="https://b.example/moved").entries[0]
    assert first.guid == second.guid == "/relative/7"


LATIN = "Métaux précieux: l'or à 4\u00a0000\u00a0€"
CHARSETS = {
    "utf-8": (rss(f"<item><title>{LATIN}</title></item>"), "text/xml; charset=utf-8"),
    "server says iso-8859-1, text is utf-8 (FeedCord 48)": (
        rss(f"<item><title>{LATIN}</title></item>"), "text/xml; charset=ISO-8859-1"),
    "declaration says iso-8859-1, text is utf-8": (
        rss(f"<item><title>{LATIN}</title></item>", declaration="<?xml version='1.0' encoding='iso-8859-1'?>"), None),
    "declared cp1252, server says utf-8": (
        rss(f"<item><title>{LATIN}</title></item>", declaration="<?xml version='1.0' encoding='windows-1252'?>")
        .decode().encode("cp1252"), "text/xml; charset=utf-8"),
    "iso-8859-1 that is cp1252": (
        rss(f"<item><title>{LATIN}</title></item>", declaration="<?xml version='1.0' encoding='iso-8859-1'?>")
        .decode().encode("cp1252"), None),
    "undeclared cp1252": (rss(f"<item><title>{LATIN}</title></item>", declaration="").decode().encode("cp1252"), None),
    "server alone knows": (
        rss(f"<item><title>{LATIN}</title></item>", declaration="").decode().encode("cp1252"),
        "text/xml; charset=windows-1252"),
    "utf-8 mark": (b"\xef\xbb\xbf" + rss(f"<item><title>{LATIN}</title></item>"), None),
    "utf-16 with mark": (rss(f"<item><title>{LATIN}</title></item>", declaration="<?xml version='1.0'?>")
                         .decode().encode("utf-16"), None),
    "utf-16 big-endian without mark": (
        rss(f"<item><title>{LATIN}</title></item>", declaration="<?xml version='1.0' encoding='utf-16'?>")
        .decode().encode("utf-16-be"), None),
    "encoded twice": (rss(f"<item><title>{LATIN}</title></item>").decode().encode().decode("cp1252").encode(), None),
    "unknown name": (
        rss(f"<item><title>{LATIN}</title></item>", declaration="<?xml version='1.0' encoding='x-nonsense'?>"),
        "text/xml; charset=none"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "content_type"), CHARSETS.values(), ids=CHARSETS.keys())
def test_whatever_the_labels_say_the_text_is_right(body: bytes, content_type: str | None) -> None:
    feed = parse.parse(body, content_type=content_type, url=URL)
    assert feed.entries[0].title == LATIN.replace("\u00a0", " ")


def test_cyrillic_and_japanese_encodings_are_believed_when_declared() -> None:
    for text, encoding in (
        ("Золото дорожает", "windows-1251"),
        ("金価格が上昇", "shift_jis"),
        ("金価格が上昇", "iso-2022-jp"),
        ("黄金价格上涨", "gb2312"),
    ):
        body = rss(f"<item><title>{text}</title></item>", declaration=f"<?xml version='1.0' encoding='{encoding}'?>")
        assert parse.parse(body.decode().encode(encoding)).entries[0].title == text


GOOD = "<item><title>Good</title><link>https://example.com/1</link></item>"
BROKEN = {
    "junk after the closing tag": (rss(GOOD) + b"<script>x</script><!-- cached -->", "junk after the closing tag"),
    "junk before the declaration": (
        b"<br />\n<b>Warning</b>: foo.php\n" + rss(GOOD),
        "junk before the XML declaration",
    ),
    "blank lines before the declaration": (b"\r\n\n  " + rss(GOOD), None),
    "bare ampersand": (rss(GOOD.replace("Good", "Good & bad")), "the XML is not well-formed"),
    "cut off": (rss(GOOD + "<item><title>Half")[:-25], "the XML is not well-formed"),
    "unclosed comment": (rss(GOOD + "<!-- oops"), "a comment that does not end"),
    "control characters": (rss(GOOD.replace("Good", "Go\x0bod")), "control characters removed"),
}


@pytest.mark.parametrize(("body", "warning"), BROKEN.values(), ids=BROKEN.keys())
def test_a_fault_in_the_xml_never_loses_good_entries(body: bytes, warning: str | None) -> None:
    feed = parse.parse(body, url=URL)
    assert feed.entries[0].title.startswith("Go")
    assert feed.entries[0].url == "https://example.com/1"
    assert warning is None or any(found.startswith(warning) for found in feed.warnings), feed.warnings


ENTITIES = {
    "billion laughs": '<!DOCTYPE rss [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))
    + "]>",
    "external file": '<!DOCTYPE rss [<!ENTITY j SYSTEM "file:///etc/passwd">]>',
    "external DTD": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/evil.dtd">',
    "parameter entity": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
}


@pytest.mark.parametrize("doctype", ENTITIES.values(), ids=ENTITIES.keys())
def test_entities_reach_nothing_and_grow_into_nothing(doctype: str) -> None:
    declaration = f'<?xml version="1.0" encoding="UTF-8"?>{doctype}'
    feed = parse.parse(rss("<item><title>x &j; y</title></item>", declaration=declaration), url=URL)
    assert "root:" not in feed.entries[0].title
    assert len(feed.entries[0].title) < 1000


NOT_FEEDS = {
    "empty": b"", "blank": b" \n\t", "page": b"<!DOCTYPE html><html><head><title>Login</title></head></html>",
    "text": b"Not found", "json": b'{"error": "nope"}', "bad json": b"{", "binary": bytes(range(256)) * 10,
    "opml": b"<opml version='1.0'><body><outline xmlUrl='http://a.com'/></body></opml>",
    "other xml": b"<?xml version='1.0'?><catalog><book/></catalog>",
    "plain sitemap": b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://a.com</loc></url></urlset>",
}  # fmt: skip


@pytest.mark.parametrize("body", NOT_FEEDS.values(), ids=NOT_FEEDS.keys())
def test_what_is_no_feed_is_refused_in_one_sentence(body: bytes) -> None:
    with pytest.raises(FeedError) as caught:
        parse.parse(body, url=URL)
    assert caught.value.fault.kind is FaultKind.NOT_A_FEED
    assert caught.value.fault.detail.endswith((".", "/1/"))


def test_a_feed_without_entries_is_a_feed() -> None:
    assert parse.parse(rss(""), url=URL).entries == ()


def test_what_the_feed_says_of_itself() -> None:
    feed = parse.parse(
        rss(
            GOOD,
            "<language>en-ca</language><ttl>90</ttl><skipHours><hour>0</hour><hour>23</hour></skipHours>"
            "<skipDays><day>Sunday</day></skipDays><sy:updatePeriod>daily</sy:updatePeriod>"
            "<sy:updateFrequency>4</sy:updateFrequency>"
            '<atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self" href="https://example.com/feed"/>',
        ),
        url=URL,
    )
    assert (feed.kind, feed.title, feed.site_url, feed.language) == (
        "rss",
        "Mine News",
        "https://example.com/",
        "en-ca",
    )
    assert (feed.hub_url, feed.self_url) == ("https://hub.example/", "https://example.com/feed")
    assert feed.hints == PublisherHints(5400, frozenset({0, 23}), frozenset({6}), 21_600)


def test_unreadable_hints_are_no_hints() -> None:
    assert shell.hints(b"<ttl>often</ttl><skipHours><hour>99</hour></skipHours>") == PublisherHints()


def test_kinds_are_told_apart() -> None:
    atom = b"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>1</id><title>x</title></entry></feed>"
    rdf = (
        b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
        b"<channel><title>t</title></channel><item rdf:about='http://a.com/1'><title>x</title></item></rdf:RDF>"
    )
    assert [parse.parse(body).kind for body in (rss(GOOD), atom, rdf)] == ["rss", "atom", "rdf"]
    assert parse.parse(rdf).entries[0].guid == "http://a.com/1"
