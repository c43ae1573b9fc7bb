"""Takes the pictures of docs/delivery.md: `python -m scripts.delivery_pictures` (with the development packages).

The whole bot posts into a local Discord, and Chromium (Debian's, or the one HEADFRAME_CHROMIUM names) looks at it.
Run it when posts look different from the pictures.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import async_playwright

from bot.preview import P
from storage import guilds
from storage.records import Target
from tests.bot.delivery.seed import now, seed
from tests.house import eventually, house

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.house import House

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
NEWS = (
    "Gold hits record as dollar slides",
    "Lithium carbonate jumps 3% after Chile mine outage",
    "Codelco cuts 2026 copper output guidance",
)
NIGHT = (
    "Gold climbs to a record in London", "Silver follows bullion higher", "Copper stocks at LME fall to a June low",
    "China tightens graphite export permits", "Court halts permit of nickel mine in Finland",
    "Barrick raises gold output forecast", "Port strike delays iron ore cargoes",
)  # fmt: skip
BURST = (
    "Copper falls 2% on tariff talk", "Peru mine strike enters second week", "Zinc smelter in Korea restarts",
    "Uranium spot price steady near year high",
)  # fmt: skip


async def post(h: House, channel: str, titles: tuple[str, ...], *, together: bool = False, **more: Any) -> None:
    """Deliver headlines to a channel, and wait until they are there."""
    target = [(Target("channel", h.local.channel(channel).id), h.guild.id)]
    for group in [titles] if together else [(title,) for title in titles]:
        before = len(h.posts(channel))
        await seed(h.app.services.db, list(group), target, **more)
        h.app.services.outbox.wake()
        await eventually(lambda n=before: len(h.posts(channel)) > n)


async def furnish(h: House) -> None:
    """Every look in a channel of its own, and a channel whose permission is taken."""
    async with h.app.services.db.write() as connection:
        for channel, style in (("headlines", "line"), ("gold-silver", "embed"), ("battery-metals", "card")):
            await guilds.set_channel(connection, h.local.channel(channel).id, h.guild.id, style=style)
        await guilds.set_guild(connection, h.guild.id, now=now(), notice_channel_id=h.local.channel("mods").id)
    composer = h.app.services.outbox._composer
    composer.price_line = lambda slugs: "Gold $4,105.20/oz t, +1.2 % since yesterday" if "gold" in slugs else None
    for channel in ("headlines", "gold-silver", "battery-metals"):
        await post(h, channel, NEWS)
    await post(h, "policy", NIGHT, together=True, mode="daily", priority=2)
    await post(h, "alerts", BURST, together=True)
    alerts = h.local.channel("alerts")
    h.local.world.set_overwrite(alerts, h.local.world.bot, deny=int(P.SEND_MESSAGES))
    await seed(h.app.services.db, ["Tin shipment waits"], [(Target("channel", alerts.id), h.guild.id)])
    h.app.services.outbox.wake()
    await eventually(lambda: h.posts("mods"))


async def shoot(page: Page, channel: str, name: str, messages: int) -> None:
    """The last messages of a channel, as the page shows them."""
    await page.locator(".channel", has_text=channel).first.click()
    await page.locator("#room-head h1", has_text=channel).wait_for()
    found = page.locator("#messages .message")
    await found.nth(messages - 1).wait_for()
    boxes = [await found.nth(-count).bounding_box() for count in range(1, messages + 1)]
    seen = [box for box in boxes if box is not None]
    top, end = min(box["y"] for box in seen), max(box["y"] + box["height"] for box in seen)
    left, wide = seen[0]["x"], min(seen[0]["width"], 680.0)
    clip = {"x": left, "y": top - 6, "width": wide, "height": end - top + 12}
    await page.screenshot(path=PICTURES / f"delivery-{name}.png", clip=clip, animations="disabled")  # type: ignore[arg-type]


async def main() -> None:
    program = os.environ.get("HEADFRAME_CHROMIUM") or shutil.which("chromium")
    if not program:
        sys.exit("Chromium is not installed: apt-get install chromium, or set HEADFRAME_CHROMIUM.")
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder)) as h, async_playwright() as playwright:
            await furnish(h)
            browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            context = await browser.new_context(
                viewport={"width": 1100, "height": 1400}, color_scheme="dark", locale="en-GB", device_scale_factor=1.5
            )
            page = await context.new_page()
            await page.goto(h.local.url)
            await page.locator(".switch label", has_text="Moderator").click()
            for channel, name, messages in (
                ("headlines", "style-line", 3), ("gold-silver", "style-embed", 3), ("battery-metals", "style-card", 3),
                ("policy", "digest", 1), ("alerts", "burst", 1), ("mods", "route-notice", 1),
            ):  # fmt: skip
                await shoot(page, channel, name, messages)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
