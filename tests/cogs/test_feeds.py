"""`/feed` in the local Discord: sites, choices, pages without a feed, lists in and out, and who may do what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from bot.preview import World
from storage import feeds
from tests.corpus import recorded_feeds, shared
from tests.feedserver import Reply
from tests.house import House, eventually, house, item, rss, said

if TYPE_CHECKING:
    from pathlib import Path

XML = {"Content-Type": "application/rss+xml"}
PAGE = {"Content-Type": "text/html; charset=utf-8"}


def page(head: str = "", body: str = "<p>Welcome</p>") -> Reply:
    return Reply(200, PAGE, f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode())


def feed(title: str, *headlines: str) -> Reply:
    return Reply(200, XML, rss([item(one, guid=one) for one in headlines], title))


def listing(*headlines: str) -> Reply:
    blocks = "".join(
        f"<article class='story'><h2><a href='/story/{title.split()[0].lower()}'>{title}</a></h2><p>More</p></article>"
        for title in headlines
    )
    return page(body=f"<main>{blocks}</main>")


HEADLINES = [
    f"{company} reports {metal} results from its {place} project"
    for company, metal, place in (
        ("Alpha Mining", "gold", "Timmins"), ("Beta Metals", "copper", "Sudbury"), ("Gamma Resources", "zinc", "Yukon"),
        ("Delta Minerals", "nickel", "Labrador"), ("Epsilon Gold", "gold", "Red Lake"),
    )
]  # fmt: skip


async def ask(h: House, command: str, who: str = "moderator", **options: Any) -> Any:
    """The interaction and its first complete answer."""
    used = await h.local.invoke(who, h.guild, "lounge", command, **options)
    await used.message(within=15)
    return used


async def stored(h: House) -> list[str]:
    async with h.app.services.db.read() as connection:
        return sorted(one.url.removeprefix(h.server.url("")) for one in await feeds.every(connection))


async def test_a_site_with_one_feed_is_read_by_that_feed(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.server.script |= {
            "/": page('<link rel="alternate" type="application/rss+xml" href="/news.xml">'),
            "/news.xml": feed("Wire", "Gold one"),
        }
        assert "Added **Wire**" in await h.use("moderator", "lounge", "feed add", url=h.server.url("/"))
        assert await stored(h) == ["/news.xml"]
        assert "reads" in await h.use("moderator", "lounge", "feed add", url=h.server.url("/news.xml"))


async def test_a_site_with_several_feeds_offers_a_choice(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        links = "".join(
            f'<link rel="alternate" type="application/rss+xml" title="{name}" href="/{name}.xml">' for name in "ab"
        )
        h.server.script |= {"/": page(links), "/a.xml": feed("A", "Gold one"), "/b.xml": feed("B", "Gold two")}
        used = await ask(h, "feed add", url=h.server.url("/"))
        message = await used.message()
        assert "several feeds" in said(message)
        (menu,) = message["components"][0]["components"]
        values = {option["label"]: option["value"] for option in menu["options"]}
        await h.local.select(message, menu["custom_id"], [values["b"]], "moderator")
        await eventually(lambda: _stored_is(h, ["/b.xml"]))


async def _stored_is(h: House, wanted: list[str]) -> bool:
    return await stored(h) == wanted


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (page(), "no feed"),
        (Reply(404), "no feed at this address"),
        (Reply(403), "refuse"),
        (Reply(200, {"Content-Type": "application/pdf"}, b"%PDF-1.7 nothing"), "no feed"),
    ],
    ids=["a page without any", "not there", "refused", "not even a page"],
)
async def test_what_cannot_be_read_is_answered_in_one_line(tmp_path: Path, reply: Reply, says: str) -> None:
    async with house(tmp_path) as h:
        h.server.script["/x"] = reply
        answer = await h.use("moderator", "lounge", "feed add", url=h.server.url("/x"))
        assert says in answer
        assert "\n" not in answer.partition("\n-# ref ")[0]
        assert "Traceback" not in answer
        assert await stored(h) == []


async def test_json_feeds_and_news_sitemaps_are_feeds_too(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        json = (
            b'{"version":"https://jsonfeed.org/version/1.1","title":"J",'
            b'"items":[{"id":"1","title":"Gold","url":"http://x.example/1"}]}'
        )
        sitemap = (
            b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
            b'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>http://x.example/2</loc><news:news>'
            b"<news:publication><news:name>S</news:name><news:language>en</news:language></news:publication>"
            b"<news:publication_date>2026-11-22T10:00:00Z</news:publication_date><news:title>Copper</news:title>"
            b"</news:news></url></urlset>"
        )
        h.server.script |= {
            "/j": Reply(200, {"Content-Type": "application/feed+json"}, json),
            "/s": Reply(200, {"Content-Type": "application/xml"}, sitemap),
        }
        for path in ("/j", "/s"):
            assert "Added" in await h.use("moderator", "lounge", "feed add", url=h.server.url(path))
        async with h.app.services.db.read() as connection:
            assert {one.kind for one in await feeds.every(connection)} == {"json", "sitemap"}


async def test_a_page_without_a_feed_is_previewed_accepted_followed_and_watched(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.server.script |= {"/news": listing(*HEADLINES), "/robots.txt": Reply(200, {}, b"User-agent: *\nDisallow: /p")}
        message = await (await ask(h, "feed add", url=h.server.url("/news"))).message()
        assert HEADLINES[0] in said(message)
        assert await stored(h) == [], "nothing before it is accepted"
        await h.local.press(message, "Yes, follow this page", "moderator")
        await eventually(lambda: _stored_is(h, ["/news"]))
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        h.server.script["/news"] = listing("Zeta Gold finds visible gold near Val-d'Or in Quebec", *HEADLINES)
        await eventually(lambda: h.posts("gold-silver"))
        assert "Zeta Gold" in "".join(h.posts("gold-silver"))
        h.server.script["/news"] = page(body="<div><p>All new design</p></div>")
        await eventually(lambda: _fault_is(h, "not-a-feed"))


async def _fault_is(h: House, kind: str) -> bool:
    async with h.app.services.db.read() as connection:
        return [one.fault_kind for one in await feeds.every(connection)] == [kind]


async def test_a_page_that_robots_may_not_read_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.server.script |= {"/news": listing(*HEADLINES), "/robots.txt": Reply(200, {}, b"User-agent: *\nDisallow: /n")}
        assert "robots.txt" in await h.use("moderator", "lounge", "feed add", url=h.server.url("/news"))
        assert await stored(h) == []


async def test_health_shows_success_next_poll_reason_and_pace_and_turns_pages(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for number in range(8):
            h.server.script[f"/{number}"] = feed(f"Wire {number}", f"Gold {number}")
            await h.use("moderator", "lounge", "feed add", url=h.server.url(f"/{number}"))
        h.server.script["/7"] = Reply(500)
        await eventually(lambda: _failing(h))
        message = await (await ask(h, "feed health")).message()
        text = said(message)
        first = text.index("Wire 7")
        assert first < text.index("Wire 0"), "what fails stands first"
        assert "its server answers with an error (500)" in text
        assert re.search(r"Last read <t:\d+:R>.*next <t:\d+:R>", text)
        assert "item this week" in text
        assert "Wire 6" not in text
        turned = await h.local.press(message, "Next", "moderator")
        assert "Wire 6" in said(await turned.message())


async def _failing(h: House) -> bool:
    async with h.app.services.db.read() as connection:
        return any(one.failing_since for one in await feeds.every(connection))


async def test_the_moderators_are_told_of_a_closed_feed(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "Gold one")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        h.server.script["/wire.xml"] = Reply(410)
        owner = h.local.world.users[h.guild.owner_id]
        await eventually(lambda: h.local.dm_messages(owner))
        assert "closed for good" in said(h.local.dm_messages(owner)[0])
        assert "Retired" in await h.use("moderator", "lounge", "feed health")


async def test_lists_go_in_with_a_line_for_each_and_come_out_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.server.script |= {"/a": feed("A", "Gold"), "/b": feed("B", "Zinc")}
        outlines = "".join(
            f'<outline type="rss" text="x" xmlUrl="{h.server.url(path)}"/>' for path in ("/a", "/b", "/c")
        )
        opml = f"<opml version='2.0'><body>{outlines}<outline text='x' xmlUrl='ftp://x'/></body></opml>".encode()
        file = h.local.add_file("moderator", "feeds.opml", opml)
        used = await ask(h, "feed import", file=file)

        async def summary() -> str:
            text = said(await used.message())
            return text if "added" in text else ""

        assert "2 added, 0 already there, 2 could not be read" in await eventually(summary)
        message = await used.message()
        report = h.local.world.files[int(message["attachments"][0]["id"])].body.decode()
        assert len(report.splitlines()) == 4
        assert await stored(h) == ["/a", "/b"]
        out = await (await ask(h, "feed export")).message()
        body = h.local.world.files[int(out["attachments"][0]["id"])].body
        assert h.server.url("/a").encode() in body


async def test_only_the_operator_sets_a_user_agent_also_for_a_feed_that_refuses_the_usual_one(tmp_path: Path) -> None:
    def picky(request: Any) -> Reply:
        return feed("P", "Gold") if request.header("User-Agent") == "Nice/1.0" else Reply(403)

    async with house(tmp_path) as h:
        h.server.script["/p"] = picky
        url = h.server.url("/p")
        assert "refuse" in await h.use("moderator", "lounge", "feed add", url=url)
        assert "Only the operator" in await h.use("moderator", "lounge", "feed agent", feed=url, user_agent="Nice/1.0")
    world = World.demo()
    async with house(tmp_path, world=world, headframe_owner_ids=str(world.user("moderator").id)) as h:
        h.server.script["/p"] = picky
        url = h.server.url("/p")
        assert "that user agent" in await h.use("moderator", "lounge", "feed agent", feed=url, user_agent="Nice/1.0")
        assert await stored(h) == ["/p"]


async def test_a_zone_is_set_by_the_only_server_that_reads_the_feed(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "Gold one")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        assert "time zone" in await h.use("moderator", "lounge", "feed zone", feed="1", timezone="Toronto")
        assert "America/Toronto" in await h.use(
            "moderator", "lounge", "feed zone", feed="1", timezone="America/Toronto"
        )
        async with h.app.services.db.write() as connection:
            assert [one.zone for one in await feeds.every(connection)] == ["America/Toronto"]
            await feeds.link(connection, 99, 1, added_by=None, now=h.app.services.started_at)
        assert "Other servers" in await h.use("moderator", "lounge", "feed zone", feed="1")


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.soak)])
async def test_recorded_feeds_are_added_and_none_stops_the_rest(tmp_path: Path, step: int) -> None:
    """Every fourth of them, all in the long runs: each is also read by itself in tests/bot/feeds/test_parse.py."""
    shared("feeds")
    async with house(tmp_path, headframe_min_poll_seconds=3600, headframe_max_poll_seconds=3600) as h:
        services = h.app.services
        readable: dict[str, int] = {}
        outlines = []
        chosen = recorded_feeds()[::step]
        for path in chosen:
            body = path.read_bytes()
            h.server.script[f"/{path.name}"] = Reply(200, {"Content-Type": "application/xml"}, body)
            try:
                parsed = await services.parser.parse(
                    body, content_type="application/xml", url=h.server.url(f"/{path.name}")
                )
            except Exception:
                parsed = None
            if parsed is not None:
                readable[f"/{path.name}"] = parsed.total
            outlines.append(f'<outline type="rss" text="x" xmlUrl="{h.server.url(f"/{path.name}")}"/>')
        opml = f"<opml version='2.0'><body>{''.join(outlines)}</body></opml>".encode()
        used = await ask(h, "feed import", file=h.local.add_file("moderator", "all.opml", opml))

        async def finished() -> bool:
            return "could not be read" in said(await used.message())

        await eventually(finished, patience=110)
        found = await stored(h)
        assert set(found) == set(readable)
        assert len(readable) > 0.9 * len(chosen)
        async with services.db.read() as connection:
            for one in await feeds.of_guild(connection, h.guild.id, since=services.started_at):
                if readable[one.feed.url.removeprefix(h.server.url(""))]:
                    assert one.items_last_week > 0, one.feed.url
