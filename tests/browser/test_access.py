"""The page can be used by everyone: axe finds nothing serious, and the keyboard alone is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.preview import LocalDiscord, World
from tests.browser.conftest import DESKTOP, PHONE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.asyncio(loop_scope="session")]
LIGHT = {**DESKTOP, "color_scheme": "light"}


async def violations(page: Page, source: str) -> list[str]:
    """What axe calls serious or critical, with the elements concerned."""
    await page.evaluate(source)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    bad = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    return [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary')}" for one in bad for node in one["nodes"][:4]
    ]


@pytest.mark.parametrize("how", [DESKTOP, LIGHT, PHONE], ids=["dark", "light", "phone"])
async def test_axe_finds_nothing_serious(how: dict[str, Any], preview_url: str, visit: Any, axe_source: str) -> None:
    async with visit(preview_url, **how) as page:
        await page.locator(".message .btn").first.wait_for()
        assert await violations(page, axe_source) == []

        await page.locator("#composer textarea").click()
        await page.keyboard.type("/mineral info lithium")
        await page.get_by_role("option", name="Lithium").first.wait_for()
        assert await violations(page, axe_source) == [], "while completing"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await page.locator(".message.ephemeral .c-container").last.wait_for()
        assert await violations(page, axe_source) == [], "with a card"

        # under a post of one headline: under one of several it is asked first which is meant
        alone = page.locator(".message:not(.ephemeral):not(:has(.embed ~ .embed)):has(.embed) .btn")
        await alone.filter(has_text="Alert me on this").first.click()
        await page.get_by_role("dialog").wait_for()
        assert await violations(page, axe_source) == [], "with a form open"
        await page.keyboard.press("Escape")

        await page.get_by_role("button", name="Members", exact=True).click()
        assert await violations(page, axe_source) == [], "with the members"


async def test_the_keyboard_is_enough(preview_url: str, visit: Any) -> None:
    async with visit(preview_url) as page:
        await page.locator(".message .btn").first.wait_for()
        keys = page.keyboard
        await keys.press("/")
        await page.get_by_role("option", name="/alert edit").wait_for()
        await keys.press("Escape")
        assert await page.locator("#composer textarea").input_value() == ""

        for command in ("/status", "/help"):  # without options, and with only optional ones
            await keys.type(command)
            await keys.press("Enter")  # takes the command
            await keys.press("Enter")  # sends it
            await page.locator(".message.ephemeral .lead-command", has_text=command).wait_for()

        await page.locator(".message").last.focus()
        await keys.press("ArrowUp")
        await keys.press("Enter")
        await page.get_by_role("menu").wait_for()
        await keys.press("Escape")
        assert await page.locator("[role=menu]").count() == 0
        assert await page.evaluate("document.activeElement.classList.contains('message')")

        await page.locator(".switch input:checked").focus()
        await keys.press("ArrowRight")
        await page.locator(".you-words b", has_text="Tomasz").wait_for()
        assert await page.evaluate("document.activeElement.type") == "radio"  # the keyboard stays where it was

        await keys.press("Alt+ArrowDown")
        await page.locator("#room-head h1", has_text="gold-silver").wait_for()


FILLED = "fields => fields.map(one => [one.dataset.option, one.value])"


async def test_a_documented_command_can_be_typed_as_it_stands(preview_url: str, visit: Any, artefacts: Path) -> None:
    async with visit(preview_url) as page:
        await page.locator(".message .btn").first.wait_for()
        fields = page.locator(".option-input")
        text = page.locator("#composer textarea")

        async def typed(line: str) -> list[list[str]]:
            await text.click()
            await page.keyboard.type(line)
            return list(await fields.evaluate_all(FILLED))

        # tags that are no option of the command stay where they are
        assert await typed("/alert keyword query:mineral:copper strike") == [["query", "mineral:copper strike"]]
        await page.keyboard.press("Enter")
        await page.locator(".message.ephemeral", has_text="mineral:copper strike").last.wait_for()

        line = "/alert price metal:gold condition:above value:4500"
        assert await typed(line) == [["metal", "gold"], ["condition", "above"], ["value", "4500"]]
        await page.get_by_role("option", name="4,500").first.wait_for()
        await page.screenshot(path=artefacts / "desktop-typed.png", animations="disabled")
        await page.keyboard.press("Enter")  # takes what is suggested
        await page.keyboard.press("Enter")
        answer = page.locator(".message.ephemeral:has(.lead-command:text-is('/alert price'))", has_text="4,500")
        await answer.wait_for()

        # an optional one is added; in quotes, or once it is filled, a name is only a word
        line = '/alert keyword gold "where: mode:" mode:instant mode:'
        assert await typed(line) == [["query", 'gold "where: mode:"'], ["mode", "instant mode:"]]


async def test_a_required_option_is_asked_for_in_words(preview_url: str, visit: Any) -> None:
    async with visit(preview_url) as page:
        await page.locator(".message .btn").first.wait_for()
        # One of the things to try, above the posts: the bot's own greeting names it, too.
        await page.locator("#banner").get_by_role("button", name="/alert keyword").click()
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").get_by_text("query: This option is required.").wait_for()
        assert await page.locator("[data-option=query]").get_attribute("aria-invalid") == "true"


async def test_what_a_person_writes_is_only_text(preview_url: str, visit: Any) -> None:
    evil = "<img src=x onerror=document.title='owned'> [go](javascript:alert(1))"
    async with visit(preview_url) as page:
        await page.locator(".channel", has_text="lounge").click()
        await page.locator("#room-head h1", has_text="lounge").wait_for()
        await page.locator("#composer textarea").fill(evil)
        await page.keyboard.press("Enter")
        text = page.locator(".message-text", has_text="onerror").last
        await text.wait_for()
        assert await text.inner_text() == evil
        assert await text.locator("img, a").count() == 0


async def test_reading_further_up_is_not_disturbed_and_the_way_back_is_offered(visit: Any) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local:
        lounge = local.channel("lounge")
        for number in range(40):
            local.write("trader", lounge, f"line {number}")
        async with visit(f"{local.url}#member/{lounge.id}", allow_errors=True) as page:
            await page.get_by_text("line 39").wait_for()
            at_end = (
                "(box => box.scrollHeight - box.scrollTop - box.clientHeight < 2)(document.querySelector('.messages'))"
            )
            await page.wait_for_function(at_end)  # the page has gone to the newest itself, before a person scrolls
            await page.locator(".messages").evaluate("box => { box.scrollTop = 0; }")
            local.write("trader", lounge, "anyone there?")
            back = page.get_by_role("button", name="1 new message")
            await back.wait_for()
            assert await page.locator(".messages").evaluate("box => box.scrollTop") == 0
            await back.click()
            await back.wait_for(state="hidden")
            await page.wait_for_function(at_end)
