"""One headline's journey, whole: from a feed over HTTP to a post in a channel, and every way it could go wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.feedserver import Reply
from tests.house import eventually, house, item, rss

if TYPE_CHECKING:
    from pathlib import Path


async def test_new_headlines_reach_the_channels_that_follow_them_once_and_in_order(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "Old gold headline", "Old copper headline")
        answer = await h.use("moderator", "lounge", "feed add", url=wire.url)
        assert "Added" in answer
        assert "2 headlines" in answer
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        for number in range(1, 4):
            wire.publish(f"Gold finds number {number * 7} ounces at mine {number}")
        wire.publish("Copper is not followed here")
        posts = await eventually(lambda: _whole(h.posts("gold-silver"), 3))
        text = "\n".join(posts)
        places = [text.index(f"mine {number}") for number in (1, 2, 3)]
        assert places == sorted(places), "in order of publication"
        assert "Copper" not in text
        assert "Old gold" not in text, "the first poll is silent"


async def test_a_hostile_headline_pings_nobody_and_shows_as_plain_text(tmp_path: Path) -> None:
    hostile = "@everyone **[free gold](http://evil.example)** <@&1>"
    async with house(tmp_path) as h:
        wire = h.wire()
        wire.publish("first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        wire.publish(hostile)
        await eventually(lambda: h.posts("gold-silver"))
        message = h.local.channel_messages("gold-silver")[0]
        assert not message["mention_everyone"]
        assert not message["mentions"]
        assert not message["mention_roles"]
        assert message["embeds"][0]["title"] == r"\@everyone \*\*\[free gold\](http\://evil.example)\*\* \<@&1>"
        sent = [r for r in h.local.requests if r.method == "POST" and r.path.endswith("/messages")]
        assert all(r.body["allowed_mentions"]["parse"] == [] for r in sent)


async def test_an_alert_by_direct_message_reaches_its_owner_only(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("trader", "lounge", "alert keyword", query='"central bank" gold', where="dm")
        wire.publish("Central bank buys gold again")
        await eventually(lambda: h.local.dm_messages("trader"))
        assert "Central bank buys gold again" in h.local.dm_messages("trader")[0]["embeds"][0]["title"]
        assert not h.local.dm_messages("member")


async def test_a_corrected_title_edits_the_post(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        wire.publish("Gold mine opens in Ontarioo", guid="x1")
        await eventually(lambda: h.posts("gold-silver"))
        wire.items[-1] = item("Gold mine opens in Ontario", guid="x1", link="http://wire.example/wire.xml/2")
        wire.serve()
        await eventually(lambda: "Ontario\n" in h.posts("gold-silver")[0] + "\n")
        assert len(h.posts("gold-silver")) == 1


async def test_dates_do_not_decide_what_is_posted(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        now = datetime.now(UTC)
        wire.publish("Gold backdated by a year", at=now - timedelta(days=365))
        wire.publish("Gold from a little in the future", at=now + timedelta(hours=3))
        wire.items.append("<item><guid>undated</guid><title>Gold without a date</title></item>")
        wire.serve()
        await eventually(lambda: _whole(h.posts("gold-silver"), 3))


async def test_the_first_poll_keeps_validators_and_the_next_get_is_conditional(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        body = rss([item("Gold one", guid="1")])
        headers = {"ETag": 'W/"a b"', "Last-Modified": "Mon, 23 Nov 2026 08:00:00 GMT", "Content-Type": "text/xml"}
        h.server.script["/c.xml"] = Reply(200, headers, body)
        await h.use("moderator", "lounge", "feed add", url=h.server.url("/c.xml"))
        await h.server.wait_for(2)
        first, second = h.server.requests[:2]
        assert first.header("If-None-Match") is None
        assert second.header("If-None-Match") == 'W/"a b"'
        assert second.header("If-Modified-Since") == "Mon, 23 Nov 2026 08:00:00 GMT"


async def test_one_story_in_two_feeds_is_one_post_that_names_both(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        one, two = h.wire("/a.xml", "first a"), h.wire("/b.xml", "first b")
        two.title = "Second Wire"
        two.serve()
        for wire in (one, two):
            await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        one.publish("Barrick halts gold output at Loulo mine")
        await eventually(lambda: h.posts("gold-silver"))
        two.publish("Barrick halts gold output at Loulo mine")
        await eventually(lambda: "Second Wire" in h.posts("gold-silver")[0])
        assert len(h.posts("gold-silver")) == 1


async def test_why_shows_the_feed_the_words_and_the_subscription(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="mineral:gold")
        wire.publish("Bullion climbs to a record in London")
        await eventually(lambda: h.posts("gold-silver"))
        message = h.local.channel_messages("gold-silver")[0]
        pressed = await h.local.press(message, "Why this?", "member")
        from tests.house import said

        text = said(await pressed.message())
        assert "Test Wire" in text
        assert "Bullion" in text
        assert "mineral:gold" in text


async def test_why_says_that_a_channel_follows_everything(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="*")
        wire.publish("Bullion climbs to a record in London")
        await eventually(lambda: h.posts("gold-silver"))
        pressed = await h.local.press(h.local.channel_messages("gold-silver")[0], "Why this?", "member")
        from tests.house import said

        text = said(await pressed.message())
        assert "Matched `*`: it follows everything." in text
        assert "(by" not in text


def _whole(posts: list[str], headlines: int) -> list[str] | None:
    """The posts once they carry so many headlines (several may travel in one message)."""
    return posts if sum(post.count(" ago") + post.count("<t:") for post in posts) >= headlines else None
