"""The newcomer's tour, at a desk and on a phone: what someone does who opens the preview for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import DESKTOP, PHONE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.asyncio(loop_scope="session")]


class Visitor:
    """What a person does with the page, wherever its parts are at this width."""

    def __init__(self, page: Page, name: str, artefacts: Path) -> None:
        self.page = page
        self.phone = name == "phone"
        self._name, self._artefacts = name, artefacts

    async def picture(self, what: str) -> None:
        await self.page.screenshot(path=self._artefacts / f"{self._name}-{what}.png", animations="disabled")

    async def channel(self, name: str) -> None:
        if self.phone:
            await self.page.get_by_role("button", name="Channels and servers").click()
        await self.page.locator(".channel", has_text=name).click()
        await self.page.locator("#room-head h1", has_text=name).wait_for()

    async def become(self, title: str) -> None:
        if self.phone:
            await self.page.get_by_role("button", name="Channels and servers").click()
        await self.page.locator(".switch label", has_text=title).click()
        await self.page.locator(f"input[type=radio]:checked + span:text-is('{title}')").wait_for(state="attached")
        if self.phone:
            await self.page.keyboard.press("Escape")

    async def publish(self, headline: str) -> None:
        if self.phone:
            await self.page.get_by_role("button", name="Make it happen").click()
        control = self.page.locator("[data-control=headline]")
        await control.get_by_label("Headline").fill(headline)
        async with self.page.expect_response("**/local/control"):  # the answer to the one before still stands there
            await control.get_by_role("button", name="Do it").click()
        await control.get_by_role("status").get_by_text("Published").wait_for()
        if self.phone:
            await self.page.keyboard.press("Escape")

    async def say(self, text: str) -> None:
        """Type into the composer as fingers do."""
        await self.page.locator("#composer textarea").click()
        await self.page.keyboard.type(text)

    def answer(self, text: str) -> Locator:
        return self.page.locator(".message.ephemeral", has_text=text).last


@pytest.mark.parametrize(("name", "how"), [("desktop", DESKTOP), ("phone", PHONE)], ids=["desktop", "phone"])
async def test_a_newcomer_finds_their_way(
    name: str, how: dict[str, Any], preview_url: str, visit: Any, artefacts: Path
) -> None:
    async with visit(preview_url, **how) as page:
        # nothing stands out on the right: a phone would zoom out to show it
        assert await page.evaluate("document.documentElement.scrollWidth") == how["viewport"]["width"]
        guest = Visitor(page, name, artefacts)
        await guest.channel("headlines")
        await page.locator(".message .embed", has_text="Demo Wire").last.wait_for()  # the wire is alive by itself
        await guest.publish(f"Gold climbs past a round number, {name} readers note")
        await page.locator(".message .embed-title", has_text=f"{name} readers").wait_for()  # no reload in between
        await guest.picture("headlines")

        # a command with completion by the bot
        await guest.say("/mineral in")
        await page.get_by_role("option", name="/mineral info").wait_for()
        await guest.picture("commands")
        await page.keyboard.press("Enter")
        await page.keyboard.type("lithi")
        await page.get_by_role("option", name="Lithium").first.wait_for()
        await guest.picture("completion")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        card = page.locator(".message.ephemeral:has(.lead-command:text-is('/mineral info'))", has_text="USGS")
        await card.last.wait_for()
        await guest.answer("USGS").scroll_into_view_if_needed()
        await guest.picture("mineral")

        # choosing from a list the bot offers, for an option that is not required
        await guest.say("/news latest ")
        await page.locator(".more-options").focus()
        await page.get_by_role("option", name="mineral").first.click()
        await page.keyboard.type("lith")
        await page.get_by_role("option", name="Lithium").first.click()
        await page.keyboard.press("Enter")
        await page.locator(".message.ephemeral .lead-command", has_text="/news latest").wait_for()

        # the buttons under a headline: a reason, and a form
        await page.locator(".message .btn", has_text="Why this?").last.click()
        await guest.answer("Matched").wait_for()
        await guest.picture("why")
        form = page.get_by_role("dialog", name="Alert me on this")
        which = page.get_by_role("combobox", name="Choose a headline")
        asked = await which.count()  # an earlier visit may have left its question behind
        await page.locator(".message .btn", has_text="Alert me on this").last.click()
        await form.or_(which.nth(asked)).first.wait_for()
        if await which.count() > asked:  # the post carries several headlines: it is asked which one is meant
            await which.last.click()
            await page.get_by_role("listbox", name="Choose a headline").get_by_role("option").first.click()
        await form.get_by_role("textbox").fill(f"molybdenum {name}")
        await guest.picture("alert")
        await form.get_by_role("button", name="Submit").click()
        await guest.answer(f"molybdenum {name}").wait_for()
        await form.wait_for(state="detached")

        # as the moderator: a quiet channel follows something, and it comes
        await guest.become("Moderator")
        await guest.channel("lounge")
        word = {"desktop": "zirconium", "phone": "tellurium"}[name]
        await guest.say(f"/channel follow {word}")
        await page.keyboard.press("Enter")
        await guest.answer(f"now follows {word}").wait_for()
        await guest.publish(f"{word.title()} edges up as a smelter restarts")
        await page.locator(".message .embed-title", has_text=word.title()).wait_for()
        await guest.picture("followed")

        # the alert of before found its person: others do not see it
        await guest.publish(f"Molybdenum output rises, says {name} maker")
        await guest.become("Member")
        if guest.phone:
            await page.get_by_role("button", name="Channels and servers").click()
        await page.get_by_role("button", name="Direct messages").click()
        await page.locator(".message .embed-title", has_text=f"says {name} maker").wait_for()
        assert await page.locator("#room-head h1").inner_text() == "Headframe"
        await guest.picture("direct")
