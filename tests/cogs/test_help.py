"""The examples of `/help` are alerts that work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.news.query import parse
from cogs.help import TOPICS, page
from tests.house import house

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = re.findall(r"^`(.+)`$", page("examples")[1], flags=re.MULTILINE)


@pytest.mark.parametrize("query", EXAMPLES)
def test_every_example_is_an_alert(query: str) -> None:
    assert parse(query).canonical


def test_the_examples_are_reached_from_the_page_on_alerts() -> None:
    assert len(EXAMPLES) > 8
    assert "`/help examples`" in page("alerts")[1]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_fits_an_embed(topic: str) -> None:
    title, text = page(topic)
    assert len(title) <= 256
    assert len(text) <= 4096


@pytest.mark.parametrize("topic", ["start", "alerts"])
async def test_the_menu_asks_for_a_topic_and_does_not_repeat_the_title(tmp_path: Path, topic: str) -> None:
    async with house(tmp_path) as h:
        used = await h.local.invoke("member", h.guild, "lounge", "help", topic=topic)
        message = await used.message()
        (menu,) = message["components"][0]["components"]
        assert menu["placeholder"] == "Choose a topic"
        assert not any(option.get("default") for option in menu["options"])
