"""No secret reaches a log, whatever carries it: a field, a standard library record, a traceback, an object."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import signal
import sys
from typing import TYPE_CHECKING

import pytest
import structlog
import yarl

from bot import logs
from bot.preview import Fault, LocalDiscord, P, World
from tests.feedserver import FeedServer
from tests.house import Wire, eventually
from tests.killing import environment, until_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789ab"
HOOK = "Zq3v-webhook_token.of-a-channel_0123456789"
PASSWORD = "p@ss/word:1"


def _raise(text: str) -> None:
    hidden = "local-variable-secret"
    raise RuntimeError(f"{text} {len(hidden)}")


def by_field(log: structlog.stdlib.BoundLogger, secret: str) -> None:
    log.info("something", value=secret)


def in_the_event(log: structlog.stdlib.BoundLogger, secret: str) -> None:
    event = f"something {secret}"
    log.info(event)


def in_an_object(log: structlog.stdlib.BoundLogger, secret: str) -> None:
    log.info("something", value=[{"nested": (secret,)}])


def in_a_traceback(log: structlog.stdlib.BoundLogger, secret: str) -> None:
    try:
        _raise(secret)
    except RuntimeError:
        log.exception("something")


def by_the_standard_library(_log: structlog.stdlib.BoundLogger, secret: str) -> None:
    logging.getLogger("somewhere").info("something %s", secret)


def by_the_standard_librarys_traceback(_log: structlog.stdlib.BoundLogger, secret: str) -> None:
    try:
        _raise(secret)
    except RuntimeError:
        logging.getLogger("somewhere").exception("something")


WAYS: list[Callable[[structlog.stdlib.BoundLogger, str], None]] = [
    by_field, in_the_event, in_an_object, in_a_traceback, by_the_standard_library, by_the_standard_librarys_traceback,
]  # fmt: skip
SECRETS = {
    "the bot token": (TOKEN, TOKEN),
    "a token nobody told us of": (TOKEN.replace("M", "N"), TOKEN.replace("M", "N")),
    "a webhook's address": (f"https://discord.com/api/webhooks/123/{HOOK}", HOOK),
    "an interaction's answer": (f"/api/v10/interactions/99/{HOOK}/callback", HOOK),
    "a database address": ("postgresql+asyncpg://bot:hunter22@db/headframe", "hunter22"),
    "the database's password": (PASSWORD, PASSWORD),
    "its password, escaped": ("p%40ss%2Fword%3A1", "p%40ss%2Fword%3A1"),
    "a key in a query": ("https://prices.example/v1?metal=XAU&api_key=abc123", "abc123"),
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logs.setup(form=request.param, level="debug", secrets=[TOKEN, PASSWORD])
    yield out
    monkeypatch.undo()
    logs.setup(level="error")


@pytest.mark.parametrize("written", ["text", "json"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("carrier", "secret"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_blotted_out(
    written: io.StringIO, way: Callable[[structlog.stdlib.BoundLogger, str], None], carrier: str, secret: str
) -> None:
    way(structlog.get_logger("test"), carrier)
    line = written.getvalue()
    assert "something" in line, "the line is there"
    assert secret not in line
    assert "***" in line
    assert "local-variable-secret" not in line, "no local variables in tracebacks"


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_an_object_that_shows_a_token_only_when_printed_is_blotted_out_too(written: io.StringIO) -> None:
    structlog.get_logger("test").info("something", value=repr(yarl.URL(f"https://x/api/webhooks/1/{HOOK}")))
    structlog.get_logger("test").info("something", value=yarl.URL(f"https://x/api/webhooks/1/{HOOK}"))
    assert HOOK not in written.getvalue()


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_each_line_for_machines_is_one_json_object(written: io.StringIO) -> None:
    structlog.get_logger("test").info("feed moved", feed="http://x/ü", n=3)
    in_a_traceback(structlog.get_logger("test"), TOKEN)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert lines[0] | {"timestamp": ""} == {
        "event": "feed moved", "feed": "http://x/ü", "n": 3, "level": "info", "timestamp": "",
    }  # fmt: skip
    assert "Traceback" in lines[1]["exception"]


@pytest.mark.parametrize("written", ["text"], indirect=True)
@pytest.mark.parametrize("text", ["Barrick: 3.5 Mt at 1.2 g/t", "https://wire.example/a:b@c", "key=value", "1.2.3"])
def test_ordinary_text_is_left_alone(written: io.StringIO, text: str) -> None:
    structlog.get_logger("test").info(text)
    assert text in written.getvalue()


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_a_whole_run_at_debug_shows_no_token(tmp_path: Path) -> None:
    """Start, commands, posts through a webhook of a channel's own, one refused, a stop: no token is in the log."""
    async with await LocalDiscord.start(world=World.demo(), limits=False) as local, FeedServer() as server:
        env = environment(local, tmp_path) | {"HEADFRAME_LOG_LEVEL": "debug", "HEADFRAME_LOG": "json"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=env, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        reading = asyncio.create_task(process.communicate())
        await until_ready(local)
        wire = Wire(server, "/wire.xml", [])
        wire.publish("A quiet first headline")
        guild = local.world.guild()
        place = local.channel("gold-silver")
        local.world.set_overwrite(place, local.world.bot, allow=int(P.MANAGE_WEBHOOKS))
        tokens = [local.token]
        for where, command, options in (
            ("lounge", "feed add", {"url": wire.url}),
            ("gold-silver", "channel follow", {"query": "gold"}),
            ("gold-silver", "channel look", {"name": "The Gold Desk"}),
            ("lounge", "status", {}),
        ):
            used = await local.invoke("moderator", guild, where, command, **options)
            tokens.append(used.token)
            await used.message(within=20)
        faults = [Fault.error(500), Fault.error(403), Fault.cut()]
        local.faults = lambda info: faults.pop() if faults and "/webhooks/" in info.route else None
        wire.publish("Gold mine opens in Chile")
        await eventually(lambda: local.channel_messages("gold-silver"))
        tokens += [hook.token for hook in local.world.webhooks.values()]
        process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(reading, 15)
        hooks = {hook.token for hook in local.world.webhooks.values()}
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("killed.db*"))
    assert b"Gold mine opens in Chile" in stored
    assert [token for token in tokens if token.encode() in stored and token not in hooks] == [], "nor at rest"
    log = (out + err).decode()
    assert "commands synced" in log
    assert len(tokens) == 6, "the bot's, four answers', the webhook's"
    assert [token for token in tokens if token in log] == []
    lines = [json.loads(line) for line in log.splitlines()]
    polls = [line for line in lines if line["event"] == "polled"]
    assert {"changed", "unchanged"} <= {line["outcome"] for line in polls}, "a line for each poll"
    assert {line["level"] for line in polls} == {"debug"}
