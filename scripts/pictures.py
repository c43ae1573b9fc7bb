"""Takes the pictures of the preview that README and docs/ show: `python scripts/pictures.py`.

Starts the offline preview, walks through it in Chromium (Debian's, or the one HEADFRAME_CHROMIUM names) and writes
docs/pictures/. Run it when the page or the bot's posts look different from the pictures.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "color_scheme": "light", "is_mobile": True, "has_touch": True,
    "device_scale_factor": 1.5,
}  # fmt: skip
FULL = 9  # posts in #headlines before the first picture


async def say(page: Page, text: str) -> None:
    await page.locator("#composer textarea").click()
    await page.keyboard.type(text)


async def answer(page: Page, text: str) -> Locator:
    """The newest answer that has the text, in view; its pictures loaded."""
    found = page.locator(".message.ephemeral", has_text=text).last
    await found.wait_for()
    for image in await found.locator("img").all():
        await image.evaluate("image => image.decode()")
    await found.scroll_into_view_if_needed()
    return found


async def become(page: Page, title: str) -> None:
    await page.locator(".switch label", has_text=title).click()
    await page.locator(f"input[type=radio]:checked + span:text-is('{title}')").wait_for(state="attached")


async def price_alert(page: Page) -> None:
    """The trader sets one on gold, the demo price jumps, and the alert arrives by direct message."""
    await become(page, "Trader")
    await say(page, "/alert price metal:gold condition:above value:4200")
    await page.locator(".pick", has_text="4,200").first.click()
    await page.keyboard.press("Enter")
    await answer(page, "Gold above")
    control = page.locator("[data-control=price]")
    await control.locator("summary").click()
    await control.get_by_label("By how many percent").fill("3")
    await control.get_by_role("button", name="Do it").click()
    await page.get_by_role("button", name="Direct messages").click()
    told = page.locator(".message", has_text="Headlines around the move").last
    await told.locator(".embed img").last.wait_for()
    for image in await told.locator("img").all():
        await image.evaluate("image => image.decode()")
    await told.scroll_into_view_if_needed()
    await told.screenshot(path=PICTURES / "price-alert.png")
    await page.get_by_role("button", name="Copperline Mining Club").click()


async def desktop(browser: Browser, url: str) -> None:
    page = await (await browser.new_context(locale="en-GB", **DESKTOP)).new_page()
    page.set_default_timeout(120_000)
    await page.goto(url)
    await page.locator(".message").nth(FULL - 1).wait_for(timeout=120_000)
    await page.screenshot(path=PICTURES / "preview.png", animations="disabled")
    await page.set_viewport_size({"width": 1280, "height": 1300})  # a whole card, and an alert with its chart

    await say(page, "/mineral info lithi")
    await page.locator(".pick", has_text="Lithium").first.click()
    await page.keyboard.press("Enter")
    card = await answer(page, "USGS")
    await card.locator(".c-container").screenshot(path=PICTURES / "mineral.png")
    await card.locator(".btn", has_text="Supply").click()
    await card.locator("img").last.wait_for()
    await (await answer(page, "USGS")).locator(".c-container").screenshot(path=PICTURES / "mineral-supply.png")

    await page.locator(".message .btn", has_text="Why this?").last.click()
    await (await answer(page, "Matched")).locator(".embed").screenshot(path=PICTURES / "why.png")

    await page.locator(".message .btn", has_text="Alert me on this").last.click()
    await page.get_by_role("dialog").screenshot(path=PICTURES / "alert.png", animations="disabled")
    await page.keyboard.press("Escape")

    await say(page, "/price chart gold")
    await page.locator(".pick", has_text="Gold").first.click()
    await page.keyboard.press("Enter")
    await page.locator(".message.ephemeral img").last.wait_for(timeout=60_000)
    await (await answer(page, "DEMO DATA")).locator(".embed").screenshot(path=PICTURES / "chart.png")

    await price_alert(page)
    await become(page, "Moderator")
    await page.locator(".channel", has_text="mods").click()
    await page.locator("#room-head h1", has_text="mods").wait_for()
    await say(page, "/setup ")
    await page.keyboard.press("Enter")
    await (await answer(page, "Step 1")).locator(".message-body").screenshot(path=PICTURES / "setup.png")


async def phone(browser: Browser, url: str) -> None:
    page = await (await browser.new_context(locale="en-GB", **PHONE)).new_page()
    await page.goto(url)
    await page.locator(".message").nth(5).wait_for(timeout=120_000)
    await page.screenshot(path=PICTURES / "phone.png", animations="disabled")


async def walk(url: str) -> None:
    chromium = os.environ.get("HEADFRAME_CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        await phone(browser, url)  # first, while nothing but headlines stands there
        await desktop(browser, url)
        await browser.close()


def main() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "preview", "--offline", "--port", "0"],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        asyncio.run(
            walk(next(found[1] for line in process.stderr if (found := re.search(r"preview: (http://\S+)", line))))
        )
    finally:
        process.terminate()
        process.wait(15)


if __name__ == "__main__":
    main()
