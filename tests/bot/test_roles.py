"""Roles and shards: how they are written, which processes may stand side by side, and that SQLite stays with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.roles import Shards, claim_shards, read_roles, read_shards
from bot.settings import SettingsError, load
from storage.database import Database
from storage.member import Member
from tests.databases import fresh_postgres
from tests.house import eventually

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("", ("gateway", "poll", "deliver")),
        ("poll", ("poll",)),
        ("deliver, gateway", ("gateway", "deliver")),
        ("POLL deliver poll", ("poll", "deliver")),
    ],
)
def test_roles_are_read(text: str, roles: tuple[str, ...]) -> None:
    assert read_roles(text) == roles


@pytest.mark.parametrize(
    ("text", "shards"),
    [
        ("", None),
        ("0-3/8", Shards((0, 1, 2, 3), 8)),
        ("7/8", Shards((7,), 8)),
        ("0, 2, 5-6 / 8", Shards((0, 2, 5, 6), 8)),
    ],
)
def test_shards_are_read(text: str, shards: Shards | None) -> None:
    assert read_shards(text) == shards


@pytest.mark.parametrize(
    "text", ["0-3", "8/8", "3-0/8", "a/8", "0/0", "-1/8", "0/", "/8", "0-3/8/9", "1-/8", "0/20000"]
)
def test_shards_that_cannot_be_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 0-15/64"):
        read_shards(text)


def test_an_unknown_role_names_the_roles() -> None:
    with pytest.raises(ValueError, match="'posts' is no role; choose from gateway, poll, deliver"):
        read_roles("poll,posts")


@pytest.mark.parametrize(("name", "value"), [("headframe_roles", "poll"), ("headframe_shards", "0/2")])
def test_sqlite_stays_with_one_process(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=r"with SQLite one process .* DATABASE_URL=postgresql"):
        load(_env_file=None, database_url=f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", **{name: value})
    allowed = load(_env_file=None, database_url="postgresql+asyncpg://u@127.0.0.1/x", **{name: value})
    assert allowed.has("poll")


def test_all_roles_are_the_default(tmp_path: Path) -> None:
    settings = load(_env_file=None, database_url=f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", headframe_roles="")
    assert all(settings.has(role) for role in ("gateway", "poll", "deliver"))
    assert settings.headframe_shards is None


@pytest.mark.postgres
@pytest.mark.xdist_group("pg")
@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (None, None, "another Headframe stands in the gateway"),
        ("0/2", None, "another Headframe stands in the gateway"),
        (None, "0/2", "another Headframe serves all shards"),
        ("0-2/4", "2-3/4", "another Headframe serves shard 2"),
        ("0/2", "1/4", "another Headframe divides the gateway into 2 shards, this one into 4"),
        ("0-1/4", "2-3/4", None),
    ],
)
async def test_two_gateways_may_stand_side_by_side_with_shards_of_their_own(
    postgres_server: str, first: str | None, second: str | None, said: str | None
) -> None:
    db = await Database.open(await fresh_postgres(postgres_server))
    one, two = Member(db), Member(db)
    await one.join()
    await two.join()
    assert await claim_shards(one, read_shards(first or "")) is None
    refused = await claim_shards(two, read_shards(second or ""))
    assert (refused or "").startswith(said or "")
    assert (refused is None) == (said is None)
    await one.leave()
    await two.leave()
    three = Member(db)
    await three.join()
    await eventually(lambda: _free(three, second))
    await three.leave()
    await db.close()


async def _free(member: Member, shards: str | None) -> bool:
    return await claim_shards(member, read_shards(shards or "")) is None
