"""How messages look: Discord's Markdown, and every kind of embed and component, read from what the DOM then says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.preview import LocalDiscord, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.asyncio(loop_scope="session")]

# Markdown and the HTML it must become (attributes left out).
MARKDOWN = {
    "bold": ("**a**", "<strong>a</strong>"),
    "italic star": ("*a*", "<em>a</em>"),
    "italic underscore": ("_a_", "<em>a</em>"),
    "bold italic": ("***a***", "<strong><em>a</em></strong>"),
    "underline": ("__a__", "<u>a</u>"),
    "strike": ("~~a~~", "<s>a</s>"),
    "words with underscores": ("snake_case_here", "snake_case_here"),
    "a product, not italics": ("2 * 3 * 4", "2 * 3 * 4"),
    "escaped marks": (r"\*\*a\*\* \_b\_", "**a** _b_"),
    "a backslash before a letter stays": (r"C:\dir", r"C:\dir"),
    "escaped link": (r"\[a\](http\://b.example)", "[a](http://b.example)"),
    "escaped heading": (r"\# a", "# a"),
    "escaped mention": (r"\<@&1>", "&lt;@&amp;1&gt;"),
    "code keeps marks": ("`**a**`", "<code>**a**</code>"),
    "fence": ("```py\nx = 1\n```", "<pre><code>x = 1</code></pre>"),
    "heading": ("## a", "<div>a</div>"),
    "no heading without a space": ("#a", "#a"),
    "subtext": ("-# a", "<div>a</div>"),
    "quote": ("> a\n> b", "<blockquote>a<br>b</blockquote>"),
    "list": ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
    "numbers": ("3. a\n4. b", "<ol><li>a</li><li>b</li></ol>"),
    "masked link": ("[a **b**](https://c.example/d_(e))", "<a>a <strong>b</strong></a>"),
    "masked link in angles": ("[a](<https://b.example>)", "<a>a</a>"),
    "only web links": ("[a](javascript:x)", "[a](javascript:x)"),
    "address": ("see https://a.example/b_c_d.", "see <a>https://a.example/b_c_d</a>."),
    "html is text": ("<b>a</b>", "&lt;b&gt;a&lt;/b&gt;"),
    "everyone is marked": ("@everyone", "<span>@everyone</span>"),
}
_RENDER = """async (cases) => {
  const { rich } = await import("/static/js/markdown_dom.js");
  const places = { userName: (id) => id, role: () => null, channel: () => null, command: (name) => name };
  return cases.map((text) => {
    const box = document.createElement("div");
    box.append(rich(text, places));
    for (const run of box.querySelectorAll("span.lines")) run.replaceWith(...run.childNodes);
    for (const one of box.querySelectorAll("*")) for (const name of one.getAttributeNames()) one.removeAttribute(name);
    return box.innerHTML;
  });
}"""


async def test_markdown_is_read_as_discord_reads_it(visit: Any) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local, visit(local.url) as page:
        made = await page.evaluate(_RENDER, [text for text, _html in MARKDOWN.values()])
        got = dict(zip(MARKDOWN, made, strict=True))
        assert got == {name: html for name, (_text, html) in MARKDOWN.items()}


EMBED = {
    "title": "Copper **rises**", "url": "https://wire.example/1", "description": "First line\n-# small print",
    "image": {"url": "attachment://plot.png"},
    "color": 0x2E9E5B, "footer": {"text": "Demo"}, "timestamp": "2026-11-20T10:00:00+00:00",
    "fields": [{"name": n, "value": n.lower(), "inline": True} for n in ("Bid", "Ask", "Unit")],
}  # fmt: skip
BUTTONS = [
    {
        "type": 2,
        "style": style,
        "label": name,
        **({"url": "https://wire.example"} if style == 5 else {"custom_id": name}),
    }
    for style, name in enumerate(["Main", "Other", "Good", "Bad", "Away"], start=1)
]
OPTIONS = [{"label": name, "value": name, "description": f"about {name}"} for name in ("Gold", "Silver")]
CARD = {
    "flags": 1 << 15,
    "components": [
        {"type": 17, "accent_color": 0xB8860B, "components": [
            {"type": 9, "components": [{"type": 10, "content": c} for c in ("### A card", "with a section")],
             "accessory": {"type": 2, "style": 2, "label": "Beside", "custom_id": "beside"}},
            {"type": 14, "divider": True, "spacing": 2},
            {"type": 1, "components": [
                {"type": 3, "custom_id": "one", "placeholder": "Choose a metal", "options": OPTIONS}]},
            {"type": 1, "components": [{"type": 8, "custom_id": "where", "placeholder": "Choose a channel"}]},
            {"type": 12, "items": [{"media": {"url": "attachment://chart.png"}, "description": "A chart of nothing"}]},
            {"type": 13, "file": {"url": "attachment://data.csv"}},
        ]},
    ],
    "attachments": [{"id": 0, "filename": "chart.png"}, {"id": 1, "filename": "data.csv"}],
}  # fmt: skip
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccff0bf1e000582027e"
    "c5c0d1ee0000000049454e44ae426082"
)


async def test_every_kind_of_message_part_is_drawn(visit: Any, artefacts: Path) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local, aiohttp.ClientSession() as http:
        lounge = local.channel("lounge")

        async def post(body: dict[str, Any], files: dict[str, bytes] | None = None) -> None:
            form = aiohttp.FormData()
            form.add_field("payload_json", json.dumps(body), content_type="application/json")
            for number, (name, raw) in enumerate((files or {}).items()):
                kind = "image/png" if name.endswith(".png") else "text/csv"
                form.add_field(f"files[{number}]", raw, filename=name, content_type=kind)
            where = f"{local.api_url}/channels/{lounge.id}/messages"
            async with http.post(where, data=form, headers={"Authorization": f"Bot {local.token}"}) as answer:
                assert answer.status == 200, await answer.text()

        rows = [{"type": 1, "components": BUTTONS}]
        await post({"content": "plain", "embeds": [EMBED], "components": rows}, {"plot.png": PNG})
        await post(CARD, {"chart.png": PNG, "data.csv": b"a,b\n"})
        async with visit(f"{local.url}#member/{lounge.id}", allow_errors=True) as page:
            await page.locator(".c-container").wait_for()
            await page.screenshot(path=artefacts / "parts.png", full_page=True)
            await page.locator(".c-media img").evaluate("image => image.decode()")
            left = "box => box.scrollHeight - box.scrollTop - box.clientHeight"
            await page.wait_for_function(f"({left})(document.querySelector('.messages')) < 2")  # still at the end
            embed = page.locator(".embed")
            assert await embed.locator(".embed-title a").get_attribute("href") == "https://wire.example/1"
            assert await embed.locator("dt").all_inner_texts() == ["Bid", "Ask", "Unit"]
            boxes = [await one.bounding_box() for one in await embed.locator(".embed-field").all()]
            assert len({box["y"] for box in boxes if box}) == 1  # three inline fields share a row
            assert await page.locator("img[src*='plot.png']").count() == 1  # in the embed, not once more under it
            styles = ["primary", "secondary", "success", "danger", "link"]
            drawn = [
                (await b.get_attribute("class") or "").split()[-1] for b in await page.locator(".c-row .btn").all()
            ]
            assert drawn[:5] == styles
            assert await page.locator(".c-media img").get_attribute("alt") == "A chart of nothing"
            assert await page.locator(".file a").inner_text() == "data.csv"

            await page.get_by_role("combobox", name="Choose a metal").click()
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("Enter")
            # no bot is connected: the failure is said, in the place where it happened
            await page.locator(".message .failure", has_text="This interaction failed").wait_for()

            await page.get_by_role("combobox", name="Choose a channel").click()
            await page.get_by_role("textbox", name="Search").fill("deep")
            assert await page.locator(".select-list:visible .option-label").all_inner_texts() == ["deep-dives"]


async def test_a_mention_of_a_command_is_called_as_in_the_readers_list_of_commands(visit: Any) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local, visit(local.url) as page:
        drawn = await page.evaluate("""async () => {
          const { rich } = await import("/static/js/markdown_dom.js");
          const box = document.createElement("div");
          box.append(rich("</alert keyword:123456789012345678>", { command: (name) => `${name} = alerte mot-clé` }));
          return [box.textContent, box.querySelector("button").dataset.command];
        }""")
    assert drawn == ["/alert keyword = alerte mot-clé", "alert keyword"]
