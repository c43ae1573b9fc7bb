"""The command line as scripts rely on it: streams, exit statuses, no traceback for a mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.feedserver import FeedServer, Reply
from tests.house import item, rss


def headframe(*arguments: str, stdin: str | bytes = "", cwd: Path, **env: Any) -> subprocess.CompletedProcess[str]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=data,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **env},
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_tag_prints_one_object_a_headline(tmp_path: Path) -> None:
    done = headframe("tag", stdin="Gold slips after two-day rally\n\nSwimmer wins gold medal\n", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [set(row) for row in rows] == [{"headline", "minerals", "topics", "direction", "tickers"}] * 2
    assert (rows[0]["minerals"], rows[0]["direction"]) == (["gold"], "down")
    assert rows[1]["minerals"] == []
    assert done.returncode == 0


def test_bytes_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    done = headframe("tag", stdin=b"Gold rises \xff\xfe\x00\nTin falls\n", cwd=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("query", "stdin", "status", "out"),
    [
        ("gold -medal", "Gold rises\nGold medal\n", 0, "Gold rises\n"),
        ("silver", "Gold rises\n", 1, ""),
        ("gold OR", "Gold rises\n", 2, ""),
        ("-gold", "Gold rises\n", 2, ""),
        ("mineral:lithum", "x\n", 2, ""),
    ],
)
def test_match_is_like_grep(tmp_path: Path, query: str, stdin: str, status: int, out: str) -> None:
    done = headframe("match", query, stdin=stdin, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, out)
    if status == 2:
        assert "^" in done.stderr, "a caret points at the fault"
        assert "Traceback" not in done.stderr


def test_match_says_what_a_list_that_is_incomplete_here_misses(tmp_path: Path) -> None:
    headlines = "Cobalt price falls\nGold price falls\n"
    done = headframe("match", "list:uk-2024 OR (silver -list:japan-2009)", stdin=headlines, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Cobalt price falls\n")
    first, second = done.stderr.splitlines()
    assert first.startswith("`list:uk-2024` is incomplete here: 13 of its 34 entries could be confirmed.")
    assert second.startswith("`list:japan-2009` is incomplete here: 31 of its 34 entries")
    assert headframe("match", "list:us-2025", stdin=headlines, cwd=tmp_path).stderr == "", "of a whole one nothing"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["match", "gold", "nofile"], 2, "headframe match 'QUERY' < FILE; a query of several words goes in quotes"),
        (["tag", "nofile"], 2, "'nofile' is too much. For a file: headframe tag < FILE\n"),
        (["match", "gold", "--count"], 2, "unrecognized arguments: --count"),
        (["doctor", "now"], 2, "unrecognized arguments: now"),
        (["migrate-to", "foo"], 1, "no address of a PostgreSQL database. It looks like postgresql+asyncpg://"),
    ],
)
def test_a_wrong_argument_is_told_with_the_right_form(
    tmp_path: Path, arguments: list[str], status: int, says: str
) -> None:
    done = headframe(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
    assert "DATABASE_URL" not in done.stderr


def test_stories_number_the_same_event_alike(tmp_path: Path) -> None:
    lines = [
        "2026-11-23T08:00:00Z\tBarrick halts output at Loulo mine in Mali",
        "2026-11-23T08:20:00+00:00\tBarrick halts output at Loulo mine in Mali - Reuters",
        "Gold falls 2% as dollar jumps",
    ]
    done = headframe("stories", stdin="\n".join(lines), cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [set(row) for row in rows] == [{"headline", "story"}] * 3
    assert rows[0]["story"] == rows[1]["story"] != rows[2]["story"]
    assert rows[0]["headline"] == "Barrick halts output at Loulo mine in Mali"


async def test_check_feed_reads_urls_files_and_standard_input(tmp_path: Path) -> None:
    body = rss([item("Gold <b>rises</b> &amp; shines", guid="1", link="https://x.example/1")])
    (tmp_path / "feed.xml").write_bytes(body)
    async with FeedServer() as server:
        server.script["/feed"] = Reply(200, {"Content-Type": "text/xml"}, body)
        import asyncio

        done = await asyncio.to_thread(
            headframe, "check-feed", server.url("/feed"), "feed.xml", "-", "missing.xml", server.url("/none"),
            stdin=body, cwd=tmp_path, HEADFRAME_ALLOW_PRIVATE="127.0.0.0/8",
        )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["source"] for row in rows] == [server.url("/feed"), "feed.xml", "-"]
    assert {tuple(row) for row in rows} == {("source", "id", "url", "title", "published", "summary", "image", "author")}
    assert rows[0]["published"].endswith("+00:00")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2, "one line for each source that cannot be read"
    assert "Traceback" not in done.stderr


def test_a_private_address_is_refused_unless_allowed(tmp_path: Path) -> None:
    done = headframe("check-feed", "http://127.0.0.1:9/feed", cwd=tmp_path, HEADFRAME_ALLOW_PRIVATE="")
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["tag", "--help"], ["bench", "--help"]])
def test_help_is_there(tmp_path: Path, arguments: list[str]) -> None:
    assert headframe(*arguments, cwd=tmp_path).returncode == 0


def test_export_and_import_carry_feeds_from_one_place_to_another(tmp_path: Path) -> None:
    here, there = (f"sqlite+aiosqlite:///{tmp_path / name}.db" for name in ("here", "there"))
    down = '<outline text="Down" xmlUrl="http://127.0.0.1:9/x"/>'
    outlines = f'{down}{down}<outline text="No feed"/>'
    opml = f'<opml version="2.0"><body>{outlines}</body></opml>'
    (tmp_path / "in.opml").write_text(opml)
    done = headframe("import", "in.opml", cwd=tmp_path, DATABASE_URL=here, HEADFRAME_ALLOW_PRIVATE="127.0.0.0/8")
    assert done.returncode == 1
    assert done.stdout == "0 added, 1 already there, 1 could not be read\n"
    twice, refused = done.stderr.splitlines()[-2:]
    assert twice == "[1/2] already there: line 1: “http://127.0.0.1:9/x” was listed before, on line 1."
    assert refused.startswith("[2/2] not added: http://127.0.0.1:9/x: The server cannot be reached: ")
    empty = headframe("export", cwd=tmp_path, DATABASE_URL=there)
    assert empty.returncode == 0
    assert "<opml" in empty.stdout
    assert empty.stderr == "0 feeds exported\n"


@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("command", [["doctor"], ["minerals"], ["tag"], ["--help"]], ids=" ".join)
def test_a_reader_who_leaves_early_is_no_error(tmp_path: Path, command: list[str], buffered: str) -> None:
    """`headframe doctor | head -5`, at its worst: nobody reads at all."""
    (tmp_path / "none.toml").write_text("builtin = false\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "bot", *command],
        input=b"Gold rises\n", stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60, check=False,
        env=os.environ | {
            "PYTHONPATH": str(Path.cwd()), "PYTHONUNBUFFERED": buffered, "DISCORD_TOKEN": "",
            "HEADFRAME_PRICE_SOURCES": str(tmp_path / "none.toml"),
        },
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_unknown_benchmark_is_a_sentence(tmp_path: Path) -> None:
    done = headframe("bench", "speed", cwd=tmp_path)
    assert done.returncode == 1
    assert "choose from" in done.stderr
