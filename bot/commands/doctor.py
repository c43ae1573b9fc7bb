"""`headframe doctor`: one line a check, with the mend; 1 when something blocks. Changes nothing."""

from __future__ import annotations

import asyncio
import shutil
import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

from bot import logs
from bot import settings as configuration
from bot.clock import utcnow
from bot.commands import permissions
from bot.commands.finding import Finding, Verdict
from bot.housekeeping import HEARTBEAT, LOW_DISK, ROUND, open_database
from bot.settings import SettingsError
from storage import deliveries, feeds, guilds, meta, subscriptions
from storage.database import HEAD, Database, sqlite_path
from storage.errors import StorageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncGenerator, Sequence

    from bot.prices.polling import Health
    from bot.settings import Settings

_SKEW: Final = 5.0  # seconds of clock error that Discord's signatures and our digests can bear


def doctor(_arguments: argparse.Namespace) -> int:
    """Run every check and print as they come."""
    return asyncio.run(_run())


async def _run() -> int:
    logs.setup(level="error")  # what the parts would log is what the lines below say
    blocked = False
    async with aclosing(_checks()) as checks:
        async for finding in checks:
            blocked |= finding.verdict == "FAIL"
            print(f"{finding.verdict:<4} {finding.subject:<10} {finding.text}", flush=True)
    print("Something blocks: mend the lines marked FAIL." if blocked else "Nothing blocks.", file=sys.stderr)
    return 1 if blocked else 0


async def _checks() -> AsyncGenerator[Finding, None]:
    try:
        settings = configuration.load()
    except SettingsError as error:
        yield Finding("FAIL", "settings", str(error))
        return
    yield Finding("ok", "settings", "every setting can be read")
    if not settings.headframe_contact:
        yield Finding(
            "warn", "contact", "HEADFRAME_CONTACT is empty: publishers cannot write to you before they block you"
        )
    # Closed by hand all the way down: whoever reads us may go at any line (`headframe doctor | head -5`).
    for part in (_discord(settings), _database(settings), _prices(settings)):
        async with aclosing(part):
            async for finding in part:
                yield finding


async def _discord(settings: Settings) -> AsyncGenerator[Finding, None]:
    if not settings.token:
        yield Finding("warn", "token", "DISCORD_TOKEN is empty: `headframe run` will be a preview on this machine")
        return
    headers = {"Authorization": f"Bot {settings.token}"}
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(f"{settings.api_url}/users/@me", proxy=settings.discord_proxy or None) as answer,
        ):
            status, date = answer.status, answer.headers.get("Date")
            me = await answer.json(content_type=None) if status == 200 else {}
            intents = await _applied(session, settings) if status == 200 else None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        yield Finding(
            "FAIL", "discord", f"{settings.api_url} cannot be reached ({type(error).__name__}): check the network"
        )
        return
    if status == 401:
        yield Finding("FAIL", "token", "Discord refuses DISCORD_TOKEN: reset it on the Bot page and copy it anew")
    elif status != 200:
        yield Finding("FAIL", "discord", f"{settings.api_url} answered {status}: try again in a minute")
    else:
        yield Finding("ok", "token", f"logged in as {me.get('username', '?')}")
        yield intents or Finding("ok", "intents", "no privileged intent is needed")
    skew = _skew(date)
    if skew is not None:
        verdict: Verdict = "ok" if abs(skew) <= _SKEW else "warn"
        mend = "" if verdict == "ok" else ": switch on time synchronisation (timedatectl set-ntp true)"
        yield Finding(verdict, "clock", f"{skew:+.1f} s against Discord's{mend}")


async def _applied(session: aiohttp.ClientSession, settings: Settings) -> Finding | None:
    """Whether people can add the bot at all."""
    async with session.get(f"{settings.api_url}/applications/@me", proxy=settings.discord_proxy or None) as answer:
        if answer.status != 200:
            return None
        application = await answer.json(content_type=None)
    if application.get("bot_public") is False:
        return Finding("ok", "intents", "no privileged intent is needed; only you can add this bot (it is not public)")
    return None


def _skew(date: str | None) -> float | None:
    if not date:
        return None
    try:
        return (utcnow() - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return None


async def _database(settings: Settings) -> AsyncGenerator[Finding, None]:
    try:
        path = sqlite_path(settings.database_url)
        if path is not None and not path.exists():
            # Without a token `run` is the preview, which keeps a database of its own (see bot/preview/stage.py).
            makes = bool(settings.token) or "database_url" in settings.model_fields_set
            when = "`headframe run` makes it" if makes else "the first `headframe run` with a DISCORD_TOKEN makes it"
            yield Finding("ok", "database", f"{path} is not there yet: {when}")
            return
        database = await open_database(settings.database_url, migrate=False)
    except StorageError as error:
        yield Finding("FAIL", "database", str(error))
        return
    try:
        if await database.schema() != HEAD:
            yield Finding("warn", "database", "its schema is older than this Headframe: the next start brings it up")
            return
        trouble = await database.check()
        where = str(database.path) if database.path else database.url.render_as_string(hide_password=True)
        yield Finding("FAIL", "database", trouble) if trouble else Finding("ok", "database", f"{where} is sound")
        if database.path is not None:
            free = shutil.disk_usage(Path(database.path).parent).free
            text = f"{free / 1024**3:.1f} GiB free"
            yield (
                Finding("ok", "disk", text) if free > LOW_DISK else Finding("FAIL", "disk", f"{text}: free some space")
            )
        for part in (_journey(database), permissions.check(settings, database)):
            async with aclosing(part):
                async for finding in part:
                    yield finding
    except StorageError as error:
        yield Finding("FAIL", "database", str(error))
    finally:
        await database.close()


async def _journey(database: Database) -> AsyncGenerator[Finding, None]:
    now = utcnow()
    async with database.read() as connection:
        every = await feeds.every(connection)
        lost = await guilds.lost_channels(connection)
        follows, alerts = await subscriptions.counts(connection)
        sent = await deliveries.last_sent_at(connection)
        waiting = await deliveries.oldest_pending(connection, now)
        alive, kept = [_moment(await meta.get(connection, key)) for key in (HEARTBEAT, ROUND)]
    running = alive is not None and alive > now - timedelta(minutes=3)
    yield Finding(
        "ok", "process", f"running, last seen {_ago(alive, now)}" if running else f"last ran {_ago(alive, now)}"
    )
    if kept is not None and kept < now - timedelta(days=3):
        yield Finding("warn", "backups", f"the daily round last ran {_ago(kept, now)}: keep `headframe run` running")
    failing = [feed for feed in every if feed.failing_since is not None]
    late = [feed for feed in every if feed.next_poll_at < now - timedelta(minutes=10)]
    polled = max((feed.last_poll_at for feed in every if feed.last_poll_at), default=None)
    if not every:
        yield Finding("warn", "feeds", "none yet: add some with /feed add or `headframe import FILE.opml`")
    else:
        text = f"{len(every)} read, {len(failing)} failing, last poll {_ago(polled, now)}"
        yield Finding("warn" if failing else "ok", "feeds", text + (": see /feed health" if failing else ""))
        if late:
            yield Finding("warn", "polling", f"{len(late)} feeds are over 10 minutes late: is `headframe run` running?")
    yield Finding("ok", "follows", f"{follows} by channels, {alerts} personal alerts")
    if lost:
        yield Finding("warn", "routes", f"{len(lost)} channels cannot be reached: see /channel list there")
    if waiting is not None and waiting < now - timedelta(minutes=5):
        yield Finding("warn", "outbox", f"something has waited since {_ago(waiting, now)}: is Discord reachable?")
    else:
        yield Finding("ok", "outbox", f"last delivery {_ago(sent, now)}")


async def _prices(settings: Settings) -> AsyncGenerator[Finding, None]:
    from bot.app import VERSION
    from bot.feeds.fetch import user_agent
    from bot.feeds.guard import Guard
    from bot.prices.build import keys_of
    from bot.prices.http import PriceHttp
    from bot.prices.model import PriceError
    from bot.prices.polling import Poller
    from bot.prices.source_list import load

    try:
        sources = load(settings.headframe_price_sources, keys_of(settings))
    except PriceError as error:
        yield Finding("FAIL", "prices", str(error))
        return
    agent = user_agent(VERSION, settings.headframe_contact)
    async with PriceHttp(Guard(settings.headframe_allow_private), agent) as http:
        poller = Poller(sources, http.get, utcnow())
        try:
            await poller.poll(utcnow())
        finally:
            await poller.close()
    for finding in _of_sources(poller.health()):
        yield finding


def _of_sources(lines: Sequence[Health]) -> list[Finding]:
    """One line for each thing that is so, however many requests it concerns, and the mend for each that is wrong."""
    told: dict[str | None, dict[str, list[str]]] = {}
    for line in lines:
        told.setdefault(line.error, {}).setdefault(line.source, []).extend(line.metals)
    found = []
    for error, sources in told.items():
        if error is None:
            texts = [f"{name} ({_some(metals)}): answers" for name, metals in sources.items()]
            found += [Finding("ok", "prices", text) for text in texts]
            continue
        who = ", ".join(f"{name} ({_some(metals)})" if len(sources) == 1 else name for name, metals in sources.items())
        network = "cannot be reached" in error or error.startswith("no answer")
        mend = (
            "check this machine's internet connection and name service"
            if network
            else "it is asked again by itself; docs/price-sources.md says how to add another"
        )
        found.append(Finding("warn", "prices", f"{who}: {error}; {mend}"))
    if None not in told:
        text = "no source answers: prices stay at the last good value, marked stale"
        if len(found) == 1:
            text = f"{text}. {found.pop().text}"
        found.append(Finding("warn", "prices", text))
    return found


def _some(metals: Sequence[str]) -> str:
    return ", ".join(metals[:3]) + (" …" if len(metals) > 3 else "")


def _moment(stamp: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(stamp), UTC) if stamp else None


def _ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "never"
    seconds = int((now - moment.astimezone(UTC)).total_seconds())
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {name} ago"
    return f"{seconds} s ago"
