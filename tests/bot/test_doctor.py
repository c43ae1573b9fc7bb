"""`headframe doctor`: one line a check with its mend, 1 when something blocks, and nothing changed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from bot.preview import LocalDiscord, World
from bot.preview.permissions import P
from storage import meta
from storage.database import Database
from storage.schema import feeds, subscriptions
from tests.killing import environment

NOW = datetime.now(UTC)


async def doctor(env: dict[str, str], cwd: Path | None = None) -> tuple[int, list[str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "doctor", env=env, cwd=cwd,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert b"Traceback" not in err, err.decode()
    assert process.returncode is not None
    return process.returncode, out.decode().splitlines()


def line(lines: list[str], subject: str, *, verdict: str = "") -> str:
    found = [one for one in lines if one.split()[1] == subject and one.startswith(verdict)]
    assert found, f"no line {verdict} {subject} in {lines}"
    return found[0]


@pytest.fixture
def env() -> dict[str, str]:
    """Price sources that are not there answer at once, and are no reason to fail."""
    return {"HEADFRAME_CONTACT": "ops@example.org", "HEADFRAME_PRICE_SOURCES": ""}


async def furnish(path: Path, local: LocalDiscord) -> None:
    guild = local.world.guild()
    channels = {channel.name: channel.id for channel in guild.channels.values()}
    db = await Database.open(f"sqlite+aiosqlite:///{path}")
    async with db.write() as connection:
        await meta.put(connection, "alive_at", str(int(datetime.now(UTC).timestamp())))
        await meta.put(connection, "tidied_at", str(int((NOW - timedelta(days=5)).timestamp())))
        await connection.execute(
            insert(feeds),
            [
                {"url": "http://a", "next_poll_at": NOW - timedelta(hours=1), "created_at": NOW,
                 "last_poll_at": NOW - timedelta(hours=2), "failing_since": NOW},
            ],
        )  # fmt: skip
        await connection.execute(
            insert(subscriptions),
            [
                {"scope_guild_id": scope, "target_kind": "channel", "target_id": target, "query": "gold",
                 "canonical": "gold", "created_at": NOW, "updated_at": NOW}
                for scope, target in (
                    (guild.id, channels["headlines"]), (guild.id, channels["policy"]), (guild.id, 4242), (777, 778),
                )
            ],
        )  # fmt: skip
    await db.close()
    policy = next(channel for channel in guild.channels.values() if channel.name == "policy")
    local.world.set_overwrite(policy, local.world.bot, deny=P.SEND_MESSAGES)


@pytest.mark.timeout(120)
async def test_it_looks_at_everything_and_names_the_mends(tmp_path: Path, env: dict[str, str]) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local:
        await furnish(tmp_path / "killed.db", local)
        before = (tmp_path / "killed.db").read_bytes()
        status, lines = await doctor(environment(local, tmp_path) | env)
    assert status == 0, "nothing of this blocks"
    assert line(lines, "token", verdict="ok")
    assert "is sound" in line(lines, "database", verdict="ok")
    assert "GiB free" in line(lines, "disk", verdict="ok")
    assert "running, last seen" in line(lines, "process", verdict="ok")
    assert "daily round last ran 5 d ago" in line(lines, "backups", verdict="warn")
    assert "against Discord's" in line(lines, "clock", verdict="ok")
    assert "no privileged intent" in line(lines, "intents", verdict="ok")
    assert "1 failing, last poll 2 h ago" in line(lines, "feeds", verdict="warn")
    assert "last delivery never" in line(lines, "outbox", verdict="ok")
    assert line(lines, "prices")
    assert "over 10 minutes late" in line(lines, "polling", verdict="warn")
    told = "\n".join(one for one in lines if one.startswith("warn channel"))
    assert "#policy" in told
    assert "grant Send Messages" in told
    assert "4242: gone or hidden" in told
    assert "no longer on server 777" in told
    assert "may post in 1 followed channels" in line(lines, "channel", verdict="ok")
    assert (tmp_path / "killed.db").read_bytes() == before, "a look changes nothing"


async def test_sources_that_fail_alike_are_one_line_with_the_mend(tmp_path: Path, env: dict[str, str]) -> None:
    sources = tmp_path / "sources.toml"
    entry = '[[source]]\nname = "{}"\nurl = "http://127.0.0.1:9/{{symbol}}"\nmetals = ["gold", "silver"]\npath = "x"\n'
    sources.write_text("builtin = false\n" + "".join(entry.format(name) for name in ("desk", "vault")))
    plain = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    env = plain | env | {"HEADFRAME_PRICE_SOURCES": str(sources), "DISCORD_TOKEN": ""}
    env |= {"HEADFRAME_ALLOW_PRIVATE": "127.0.0.1/32", "PYTHONPATH": str(Path.cwd())}
    status, lines = await doctor(env, cwd=tmp_path)
    assert status == 0
    told = [one for one in lines if one.split()[1] == "prices"]
    assert len(told) == 1
    assert "no source answers" in told[0]
    assert "desk, vault: it cannot be reached: the connection is refused; check this machine's internet" in told[0]
    database = line(lines, "database", verdict="ok")
    assert "with a DISCORD_TOKEN makes it" in database, "a preview, which `run` is here, keeps one of its own"


@pytest.mark.parametrize(
    ("changes", "subject", "says"),
    [
        ({"DISCORD_TOKEN": "wrong"}, "token", "reset it on the Bot page"),
        ({"DISCORD_API_URL": "http://127.0.0.1:9/api"}, "discord", "check the network"),
        ({"HEADFRAME_MIN_POLL_SECONDS": "soon"}, "settings", "HEADFRAME_MIN_POLL_SECONDS"),
        ({"DATABASE_URL": "postgresql+asyncpg://x@127.0.0.1:1/none"}, "database", "is it running"),
        ({"DATABASE_URL": "mysql://x@127.0.0.1/none"}, "database", "should begin with sqlite"),
    ],
)
async def test_what_blocks_gives_status_1(
    tmp_path: Path, env: dict[str, str], changes: dict[str, str], subject: str, says: str
) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local:
        status, lines = await doctor(environment(local, tmp_path) | env | changes)
    assert status == 1
    assert says in line(lines, subject, verdict="FAIL")


async def test_an_older_schema_is_told_and_not_touched(tmp_path: Path, env: dict[str, str]) -> None:
    path = tmp_path / "killed.db"
    db = await Database.open(f"sqlite+aiosqlite:///{path}")
    await db.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num='0000'")
    connection.commit()
    async with await LocalDiscord.start(world=World.demo()) as local:
        status, lines = await doctor(environment(local, tmp_path) | env)
    assert status == 0
    assert "older than this Headframe" in line(lines, "database", verdict="warn")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)
    connection.close()
