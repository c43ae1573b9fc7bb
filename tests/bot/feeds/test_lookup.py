"""Name look-ups: in threads of their own, bounded, and given up when the name server is silent."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from bot.feeds.lookup import ResolveError, SystemLookup

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A name server that answers for nothing but a.example; yields the names asked for."""
    asked: list[str] = []
    release = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, **options: int) -> list[object]:
        asked.append(host)
        if host != "a.example":
            release.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "gave up")
        return list(real("127.0.0.1", port, **options))

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield asked
    release.set()


async def ask(name: str, lookup: SystemLookup | None = None) -> list[str]:
    return [answer["host"] for answer in await (lookup or SystemLookup())(name, 80, socket.AF_UNSPEC)]


async def test_a_known_name_has_addresses() -> None:
    assert set(await ask("localhost")) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("name", ["no-such-name.invalid", "a" * 70 + ".com", "x\udce9.com"])
async def test_an_unknown_name_is_an_error(name: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        await ask(name)


async def test_silent_name_servers_hold_up_nobody_else(silence: list[str]) -> None:
    lookup = SystemLookup(most=3)
    stuck = [asyncio.create_task(ask(f"{number}.example", lookup)) for number in range(2)]
    await asyncio.sleep(0)
    assert await ask("a.example", lookup) == ["127.0.0.1"]
    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)
    assert sorted(silence) == ["0.example", "1.example", "a.example"]


async def test_names_beyond_the_bound_wait_their_turn(silence: list[str]) -> None:
    """Ten names, one thread at a time: all are answered, none is refused for being too many."""
    lookup = SystemLookup(most=1)
    answers = await asyncio.gather(*(ask("a.example", lookup) for _ in range(10)))
    assert answers == [["127.0.0.1"]] * 10


async def test_a_silent_name_server_is_given_up(silence: list[str]) -> None:
    """So is the wait behind it: the stuck thread keeps its place until it ends."""
    lookup = SystemLookup(most=1, seconds=0.05)
    for name in ("slow.example", "a.example"):
        with pytest.raises(ResolveError, match="did not answer"):
            await ask(name, lookup)
    assert silence == ["slow.example"]
