"""Over real sockets: the guarded client, the command line, and a process killed in the middle of a crossing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from bot import cli
from bot.feeds.guard import Guard
from bot.prices.http import MAX_BYTES, PriceHttp, Unreachable
from storage.database import Database
from storage.schema import deliveries, price_alerts
from tests.bot.prices.priceserver import price_server

ROOT = Path(__file__).resolve().parents[3]
LOOPBACK = [ip_network("127.0.0.0/8")]


async def test_a_source_is_asked_with_its_headers_and_our_name():
    async with price_server() as server, PriceHttp(Guard(LOOPBACK), "Headframe/1 (x)") as http:
        server.say("/price", '{"price": 1}')
        status, headers, body = await http.get(f"{server.url}/price", {"x-access-token": "k"}, 5)
    assert (status, body) == (200, b'{"price": 1}')
    assert headers["content-length"] == "12"
    assert server.seen[0]["x-access-token"] == "k"
    assert server.seen[0]["user-agent"] == "Headframe/1 (x)"


async def test_a_private_address_is_refused_unless_it_is_allowed():
    async with price_server() as server, PriceHttp(Guard(), "x") as http:
        with pytest.raises(Unreachable):
            await http.get(f"{server.url}/price", {}, 5)
    assert server.asked == []


async def test_a_redirect_to_a_private_address_is_refused_and_a_key_does_not_travel():
    async with price_server() as server, PriceHttp(Guard(LOOPBACK), "x") as http:
        server.say("/a", "", 302, {"Location": server.url.replace("127.0.0.1", "localhost") + "/b"})
        server.say("/b", "1")
        server.say("/c", "", 302, {"Location": "http://10.0.0.1/"})
        server.say("/loop", "", 302, {"Location": "/loop"})
        assert (await http.get(f"{server.url}/a", {"x-access-token": "k"}, 5))[2] == b"1"
        assert "x-access-token" not in server.seen[1]
        with pytest.raises(Unreachable):
            await http.get(f"{server.url}/c", {}, 5)
        with pytest.raises(Unreachable, match="circle"):
            await http.get(f"{server.url}/loop", {}, 5)


async def test_an_endless_answer_is_cut_off():
    async with price_server() as server, PriceHttp(Guard(LOOPBACK), "x") as http:
        server.say("/big", b"x" * (MAX_BYTES + 1))
        with pytest.raises(Unreachable):
            await http.get(f"{server.url}/big", {}, 10)


async def test_nobody_there_is_unreachable():
    async with PriceHttp(Guard(LOOPBACK), "x") as http:
        with pytest.raises(Unreachable, match="cannot be reached: the connection is refused"):
            await http.get("http://127.0.0.1:1/", {}, 5)
        with pytest.raises(Unreachable, match="cannot be reached: no such host"):
            await http.get("http://nowhere.invalid/", {}, 5)  # RFC 6761 §6.4: never resolves


@pytest.fixture
def headframe(tmp_path, monkeypatch, capsys):
    """`headframe price …` with one source on a loopback server: (exit status, stdout, stderr)."""
    path = tmp_path / "sources.toml"
    monkeypatch.setenv("HEADFRAME_PRICE_SOURCES", str(path))
    monkeypatch.setenv("HEADFRAME_ALLOW_PRIVATE", "127.0.0.0/8")

    async def run(server, *arguments: str) -> tuple[int, str, str]:
        path.write_text(f'builtin = false\n[[source]]\nname = "near"\nurl = "{server.url}/{{symbol}}"\n', "utf-8")
        status = await asyncio.to_thread(cli.main, ["price", *arguments])
        return status, *capsys.readouterr()

    return run


async def test_the_command_line_shows_a_quote_and_where_it_is_from(headframe):
    async with price_server() as server:
        server.say("/XAU", '{"price": "4392.10"}')
        status, out, _err = await headframe(server, "gold")
        assert (status, out.split("\t")[:2]) == (0, ["gold", "4,392.10 USD/oz t"])
        assert "spot: near" in out
        status, out, _err = await headframe(server, "gold", "--json", "--unit", "g")
        row = json.loads(out)
        assert (row["unit"], row["sources"][0]["source"]) == ("g", "near")
        assert row["price"].startswith("141.209")
        status, out, err = await headframe(server, "silver")
        assert (status, out) == (1, "")
        assert "404" in err
        status, out, err = await headframe(server, "unobtainium")
        assert (status, out) == (2, "")
        assert "No price is kept" in err


async def test_without_a_network_each_source_is_named_once_and_the_last_line_says_what_to_do(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text('builtin = false\n[[source]]\nname = "far"\nurl = "http://nowhere.invalid/{symbol}"\n', "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "price", "gold", "silver", cwd=ROOT,
        env=os.environ | {"HEADFRAME_PRICE_SOURCES": str(path), "HEADFRAME_ALLOW_PRIVATE": "127.0.0.0/8"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    lines = err.decode().splitlines()
    assert [line for line in lines if "far" in line] == [lines[2]]
    assert lines[2].endswith("it cannot be reached: no such host")
    assert "asked again" not in err.decode()
    assert lines[3:] == ["headframe: no price could be had; check this machine's internet connection, then ask again"]


async def test_it_is_a_command_of_the_program_and_a_slip_is_no_traceback():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "price", "gold", "--unit", "bushel", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert "“bushel” is not a unit" in err.decode()
    assert b"Traceback" not in err


CHILD = """
import asyncio, os, signal, sys
from datetime import timedelta
from tests.bot.prices.conftest import OPEN, an_alert
from tests.bot.prices.test_service import Desk
from tests.bot.prices.priceserver import price_server
from bot.prices import outbox
from pathlib import Path
from storage.database import Database

async def main(where, database_path, folder):
    async def cut(connection, fired, now):
        await outbox.enqueue(connection, fired, now)
        if where == "before":
            os.kill(os.getpid(), signal.SIGKILL)
    database = await Database.open("sqlite+aiosqlite:///" + database_path)
    async with price_server() as server:
        from tests.bot.prices.test_service import LIST
        path = Path(folder) / "list.toml"
        path.write_text(LIST.format(url=server.url))
        desk = await Desk(server, database, path).start(sink=cut)
        if where == "again":
            desk.now = OPEN + timedelta(minutes=3)
            for _ in range(3):
                await desk.tick(4505)
            await database.close()
            return
        await desk.tick(4490)
        await desk.service.alerts.add(an_alert())
        await desk.tick(4502)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("where", ["before", "after"])
async def test_killed_during_a_crossing_it_fires_exactly_once(tmp_path, where):
    """SIGKILL before the commit, or right after it; then a fresh process goes on."""
    path = tmp_path / "kill.db"

    async def child(word: str) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, word, str(path), str(tmp_path), cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    assert await child(where) == -signal.SIGKILL
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    async with database.read() as connection:
        left = len((await connection.execute(deliveries.select())).all())
    await database.close()
    assert left == (0 if where == "before" else 1)
    assert await child("again") == 0
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    async with database.read() as connection:
        (row,) = (await connection.execute(deliveries.select())).mappings().all()
        (alert,) = (await connection.execute(price_alerts.select())).mappings().all()
    await database.close()
    assert row["dedupe_key"] == f"price:{alert['id']}:1"
    assert (alert["state"], alert["firings"]) == ("done", 1)
    assert row["created_at"] < datetime(2026, 9, 16, tzinfo=UTC)
