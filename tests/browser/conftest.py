"""The preview in a real browser: one offline preview for all tests here, a fresh page for each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from playwright.async_api import Browser, Page

ROOT = Path(__file__).parents[2]
DESKTOP = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True, "is_mobile": True}


def needed(what: str) -> None:
    """Skip with a reason; in CI, where everything is installed, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = os.environ.get("HEADFRAME_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        needed("Chromium is not installed (apt-get install chromium, or set HEADFRAME_CHROMIUM)")
    return str(found)


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core's script: HEADFRAME_AXE, or node_modules at the top."""
    path = Path(os.environ.get("HEADFRAME_AXE") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
    if not path.is_file():
        needed("axe-core is not installed (npm install --no-save axe-core, or set HEADFRAME_AXE to axe.min.js)")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def artefacts() -> Path:
    folder = Path(os.environ.get("HEADFRAME_ARTEFACTS") or ROOT / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def preview_url() -> Iterator[str]:
    """`headframe preview --offline` as a process; its address. It begins anew, so nothing of the machine matters."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DISCORD_", "HEADFRAME_", "DATABASE_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "preview", "--offline", "--port", "0"],
        cwd=os.environ.get("HEADFRAME_ROOT") or ROOT, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    seen: list[str] = []
    for line in process.stderr:
        seen.append(line)
        if found := re.search(r"preview: (http://\S+)", line):
            break
    else:
        pytest.fail("the preview did not start:\n" + "".join(seen))
    drain = threading.Thread(target=process.stderr.read, daemon=True)  # a full pipe would stop the bot
    drain.start()
    yield found[1]
    process.terminate()
    assert process.wait(15) == 0
    drain.join(5)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for all tests here; each visit is a profile of its own."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        await started.close()


@pytest.fixture
def visit(browser: Browser) -> Callable[..., AbstractAsyncContextManager[Page]]:
    """`async with visit(url, **how) as page`. At the end the page must have raised and logged no error, and must have
    asked nobody but its own server for anything."""

    @asynccontextmanager
    async def opened(url: str, *, allow_errors: bool = False, **how: Any) -> AsyncIterator[Page]:
        context = await browser.new_context(locale=how.pop("locale", "en-US"), **(how or DESKTOP))
        try:
            page = await context.new_page()
            page.set_default_timeout(20_000)
            troubles: list[str] = []
            page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
            page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
            page.on("request", lambda asked: None if asked.url.startswith((url.rstrip("/"), "data:", "blob:"))
                    else troubles.append(f"asked elsewhere: {asked.url}"))  # fmt: skip
            await page.goto(url)
            await page.locator("#room-head h1").wait_for()
            yield page
            assert allow_errors or not troubles
        finally:
            await context.close()

    return opened
