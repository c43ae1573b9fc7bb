"""Ring 5: the process as an operator meets it: start-up without Discord, SIGTERM, a refused token, a taken database."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from bot.preview import LocalDiscord, World
from tests.house import eventually
from tests.killing import environment, launch, until_ready

if TYPE_CHECKING:
    from pathlib import Path


async def ended(process: asyncio.subprocess.Process, within: float = 10.0) -> int:
    return await asyncio.wait_for(process.wait(), within)


async def test_sigterm_ends_it_with_status_0(tmp_path: Path) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local:
        process = await launch(environment(local, tmp_path))
        await until_ready(local)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0


async def test_sigterm_ends_it_also_while_discord_is_down(tmp_path: Path) -> None:
    with socket.socket() as hole:  # nobody answers here: bound, not listening
        hole.bind(("127.0.0.1", 0))
        async with await LocalDiscord.start(world=World.demo()) as local:
            env = environment(local, tmp_path) | {
                "DISCORD_API_URL": f"http://127.0.0.1:{hole.getsockname()[1]}/api/v10"
            }
            process = await launch(env)
            await eventually(lambda: (tmp_path / "killed.db").exists())
            process.send_signal(signal.SIGTERM)
            assert await ended(process) == 0


async def test_sigterm_ends_it_while_discord_accepts_and_never_answers(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _r, _w: asyncio.sleep(3600), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with await LocalDiscord.start(world=World.demo()) as local:
        process = await launch(environment(local, tmp_path) | {"DISCORD_API_URL": f"http://127.0.0.1:{port}"})
        await eventually(lambda: (tmp_path / "killed.db").exists())
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
    server.close()


async def test_it_waits_for_discord_to_come_up_and_back(tmp_path: Path) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local:
        await local.go_down()
        process = await launch(environment(local, tmp_path))
        await eventually(lambda: (tmp_path / "killed.db").exists())
        await local.come_up()
        await until_ready(local)
        await local.go_down()
        await local.come_up()
        await eventually(lambda: local.gateway.connected, 40)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0


async def run(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"DISCORD_TOKEN": "wrong"}, "Discord refuses the token (DISCORD_TOKEN)"),
        ({"DATABASE_URL": "sqlite+aiosqlite:////proc/nowhere/x.db"}, "cannot be made"),
        ({"HEADFRAME_MIN_POLL_SECONDS": "soon"}, "HEADFRAME_MIN_POLL_SECONDS"),
        ({"HEADFRAME_ALLOW_PRIVATE": "everything"}, "is not a network such as"),
        ({"DISCORD_API_URL": "ftp://x"}, "should be an http or https address"),
    ],
)
async def test_what_stops_a_start_is_one_sentence(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local:
        status, said = await run(environment(local, tmp_path) | changes, "run")
    assert status == 1
    assert says in said
    assert "Traceback" not in said
