"""`headframe run` and `headframe preview`: the process itself, from signals to exit status."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from bot import logs
from bot import settings as configuration
from bot.commands.lock import sole
from bot.tasks import run as run_loop
from storage.database import sqlite_path, url_password

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from bot.settings import Settings


def run(arguments: argparse.Namespace) -> int:
    """Serve Discord until told to stop."""
    given = {"headframe_roles": arguments.roles, "headframe_shards": arguments.shards}
    settings = configuration.load(**{name: value for name, value in given.items() if value is not None})
    if not settings.token:
        print("No DISCORD_TOKEN is set, so this is `headframe preview`: a Discord on this machine.", file=sys.stderr)
        arguments.port, arguments.offline, arguments.open = 8765, False, False
        return preview(arguments, any_port=True)
    _logging(settings)
    with sole(sqlite_path(settings.database_url)):
        return run_loop(_until_stopped(lambda: _serve(settings)))


def preview(arguments: argparse.Namespace, *, any_port: bool = False) -> int:
    """Serve the local Discord and the bot on it until told to stop. `any_port`: another port when that one is taken."""
    from bot.preview.stage import show

    settings = configuration.load()
    _logging(settings)
    return run_loop(
        _until_stopped(
            lambda: show(
                settings, port=arguments.port, offline=arguments.offline, open_page=arguments.open, any_port=any_port
            )
        )
    )


async def _serve(settings: Settings) -> None:
    from bot.app import App

    app = await App.build(settings)
    try:
        await app.run()
    finally:
        await app.stop()


async def _until_stopped(work: Callable[[], Awaitable[None]]) -> int:
    """Run until SIGTERM or SIGINT, then let the work clean up; 0 for a wished end."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    task = asyncio.ensure_future(work())
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not task.done():
        task.cancel()
        # Whatever hangs, the process is gone within ten seconds: everything that matters is in the database.
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(9.0):
                await task
        return 0
    await task
    return 0


def _logging(settings: Settings) -> None:
    logs.setup(
        form=settings.headframe_log,
        level=settings.headframe_log_level,
        secrets=[
            settings.token,
            url_password(settings.database_url),
            *(
                key.get_secret_value()
                for key in (settings.goldapi_io_key, settings.metals_dev_key, settings.metalpriceapi_key)
            ),
        ],
    )
