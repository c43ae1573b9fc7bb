"""What is posted: within Discord's limits however hostile the text, every headline whole, nothing rendered."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import discord
import pytest
from discord.http import handle_message_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery import lists, render
from bot.delivery.markdown import clamp_plain, escape, plain, web_link
from bot.delivery.post import Post, Source, StoryView
from bot.news.model import Tag, Tags
from bot.preview import compose
from bot.preview.wire import ApiError
from tests.house import said

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
PIECES = [*"aé中😀 \n\t*_~|`<>[]()#@:/\\-+1.&!$\u200b\u202e\x00\"'", "@everyone", "<@&1>", "https://x.y", "||"]
NASTY = (
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=300)
    .map("".join)
    .filter(lambda text: bool(plain(text, 9) != "…"))
)
TITLES = st.one_of(NASTY, st.integers(1, 3400).map(lambda n: ("gold " * 800)[:n].strip() or "x"))
LINKS = st.sampled_from(
    [None, "https://a.example/" + "x" * 90, "http://b.example/" + "y" * 1500, "javascript:alert(1)"]
)


def story(number: int, title: str, url: str | None = None, **more: Any) -> StoryView:
    tags = Tags(minerals=(Tag("gold", ("gold",)), Tag("silver", ("silver",))), direction="up") if number % 3 else Tags()
    values: dict[str, Any] = {"sources": (Source("Test *Wire*", url),), "published": AT, "tags": tags, **more}
    return StoryView(delivery_id=number, title=title, url=url, **values)


def body(post: Post) -> dict[str, Any]:
    """The JSON that would go to Discord."""
    layout = isinstance(post.view, discord.ui.LayoutView)
    flags = discord.MessageFlags(components_v2=True) if layout else discord.utils.MISSING
    with handle_message_parameters(
        content=post.content or discord.utils.MISSING,
        embeds=list(post.embeds) or discord.utils.MISSING,
        view=post.view,  # type: ignore[arg-type]
        flags=flags,
    ) as made:
        return dict(made.payload or {})


def accepted(post: Post) -> dict[str, Any]:
    made = body(post)
    try:
        compose.check(made, [], compose.Rules(-1))
    except ApiError as error:
        pytest.fail(f"Discord would refuse it: {error.__dict__}")
    return made


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text.replace("\\", ""))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(TITLES, LINKS), min_size=1, max_size=14), st.sampled_from(["line", "embed", "card"]))
def test_every_style_keeps_to_the_limits_and_every_headline_whole(found: list[tuple[str, Any]], style: Any) -> None:
    stories = [story(n, title, url) for n, (title, url) in enumerate(found)]
    stories = stories[: render.fitting(stories, style, roles=1)]
    post = render.headlines(stories, style, role_ids=[123456789012345678])
    text = squeezed(said(accepted(post)))
    for one in stories:
        if len(escape(one.title)) <= 1500:
            assert squeezed(escape(one.title)) in text


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(TITLES, LINKS), min_size=1, max_size=70), st.sampled_from(["hourly", "daily", "quiet", "cap"])
)
def test_lists_keep_to_the_limits_and_every_headline_whole(found: list[tuple[str, Any]], reason: str) -> None:
    stories = [story(n, title, url) for n, (title, url) in enumerate(found)]
    stories = stories[: lists.fitting(stories)]
    text = squeezed(said(accepted(lists.folded(stories, reason, role_ids=[123456789012345678]))))
    for one in stories:
        if len(escape(one.title)) <= 3000:
            assert squeezed(escape(one.title)) in text


def test_a_night_of_forty_plain_headlines_is_one_message() -> None:
    stories = [story(n, f"Barrick reports quarter number {n} of gold output at the Nevada mines") for n in range(40)]
    assert lists.fitting(stories) == 40


def test_what_was_grown_by_corrections_still_fits() -> None:
    stories = [story(n, "x" * 900, "https://a.example/x") for n in range(40)]
    accepted(lists.folded(stories, "daily"))
    for style in ("line", "embed"):
        accepted(render.headlines(stories[:10], style))  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_escaped_text_has_nothing_left_that_discord_would_render(text: str) -> None:
    shown = re.sub(r"\\[\W_]", "x", escape(text))  # what is escaped is shown as it is
    assert not re.search(r"[*_`\[\]<]|~~|\|\||https?://|@(everyone|here)", shown)
    assert not re.search(r"^\s*([#>+-]|\d+\.\s)", shown, re.MULTILINE)
    assert not re.search("[\u200b\u202e\x00]", shown)


@given(NASTY, st.integers(1, 120))
def test_a_clamp_keeps_the_limit_and_cuts_no_escape_in_two(text: str, limit: int) -> None:
    shown = clamp_plain(text, limit)
    assert len(shown) <= limit
    trailing = len(shown.rstrip("…")) - len(shown.rstrip("…").rstrip("\\"))
    assert trailing % 2 == 0


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("http://a.example/a b)c", "http://a.example/a%20b%29c"),
        ("javascript:alert(1)", None),
        ("https://user:pass@a.example/", None),
        ("ftp://a.example/", None),
        ("https://", None),
        (None, None),
        ("https://[bad", None),
        ("https://a.example/" + "x" * 3000, None),
    ],
)
def test_only_web_addresses_are_linked(url: str | None, link: str | None) -> None:
    assert web_link(url) == link


def test_a_forum_posts_name_is_plain_text() -> None:
    assert plain("Gold *soars*\n20%\u200b", 100) == "Gold *soars* 20%"
    assert render.headlines([story(1, "Gold [up] 2_000")], "embed").name == "Gold [up] 2_000"


@pytest.mark.parametrize("style", ["line", "embed", "card"])
def test_each_style_shows_source_age_tags_direction_price_and_link(style: Any) -> None:
    one = story(1, "Gold hits record", "https://a.example/1", price="Gold $4,100.50/oz, +1.2 % since yesterday")
    text = said(accepted(render.headlines([one], style)))
    for part in ("Gold hits record", "Test *Wire*", f"<t:{int(AT.timestamp())}:R>", "▲ up", "Silver", "$4,100.50/oz"):
        assert part in text
    assert "https://a.example/1" in str(body(render.headlines([one], style)))


@pytest.mark.parametrize("style", ["line", "embed", "card"])
def test_a_raised_target_is_not_shown_as_a_risen_price(style: Any) -> None:
    tags = Tags(minerals=(Tag("gold", ("gold",)),), topics=(Tag("price-target", ("price target",)),), direction="up")
    made = body(render.headlines([story(1, "Bank raises gold price target", tags=tags)], style))
    assert "▲ target raised" in str(made)
    assert str(0x2E9E5B) not in str(made), "nor in the colour of a rise"


@pytest.mark.parametrize(
    ("image", "shown"), [("https://a.example/p.png", True), ("http://a.example/p.png", False), ("x", False)]
)
@pytest.mark.parametrize("style", ["embed", "card"])
def test_a_picture_is_shown_only_by_https(image: str, shown: bool, style: Any) -> None:
    made = str(body(render.headlines([story(1, "Gold", image=image)], style)))
    assert ("p.png" in made) is shown


def test_a_ping_stands_in_every_style_and_pings_by_permission_alone() -> None:
    for style in ("line", "embed", "card"):
        post = render.headlines([story(1, "Gold")], style, role_ids=[77])  # type: ignore[arg-type]
        assert "<@&77>" in said(body(post))
        assert post.role_ids == (77,)
