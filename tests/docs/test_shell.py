"""Every shell line in a block of the documentation is run as it is written, in an empty folder, on loopback."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Final

import pytest

from bot import cli
from bot.feeds import directory, opml
from bot.settings import Settings
from tests.docs.reading import ROOT, pages
from tests.feedserver import FeedServer, Reply

if TYPE_CHECKING:
    from pathlib import Path

SOURCES: Final = """
builtin = false

[[source]]
name = "desk"
url = "http://127.0.0.1:9/{symbol}"
metals = ["gold", "silver"]
path = "last"
"""
# What may end otherwise than with 0 here, and why.
STATUS: Final = {
    "doctor": {0, 1},  # it says that no price source answers
    "price": {1},  # there is none to ask
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a reader has at hand in a copy of the repository: the samples, a list of feeds, `headframe` on the path."""
    shutil.copytree(ROOT / "docs" / "samples", tmp_path / "docs" / "samples")
    (tmp_path / "sources.toml").write_text(SOURCES, encoding="utf-8")
    (tmp_path / ".env.example").write_bytes((ROOT / ".env.example").read_bytes())
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "headframe").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bot "$@"\n')
    (tmp_path / "bin" / "headframe").chmod(0o755)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DISCORD_", "HEADFRAME_", "DATABASE_"))}
    own = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "BROWSER": "true",
        "HEADFRAME_ALLOW_PRIVATE": "127.0.0.1/32",
        "HEADFRAME_DEFAULT_FEEDS": "off",
        "HEADFRAME_PRICE_SOURCES": str(folder / "sources.toml"),
    }
    return kept | own


def run(line: str, folder: Path) -> None:
    """One line, as it stands. What serves is asked for its address, then ended, as a reader would with Ctrl-C."""
    words = shlex.split(line, comments=True)
    if words[0] == "make":  # what a target does is run elsewhere; here that it is one
        subprocess.run([*words, "-n"], cwd=ROOT, check=True, capture_output=True, timeout=30)
        return
    if words[0] == "headframe" and words[1] == "preview":
        serve(words, folder)
        return
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    inside = re.search(r"headframe (\S+)", line)
    assert done.returncode in STATUS.get(inside[1] if inside else "", {0}), f"{line}\n{done.stdout}\n{done.stderr}"
    assert done.stdout or done.stderr or words[0] != "headframe", f"{line} says nothing"


def serve(words: list[str], folder: Path) -> None:
    free = ["--port", "0"] if words[1] == "preview" else []  # `run` takes another by itself
    process = subprocess.Popen([*words, *free], cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = next((line for line in process.stderr if re.search(r"http://127\.0\.0\.1:\d+", line)), "")
    process.send_signal(signal.SIGTERM)
    process.stderr.read()
    assert said, f"{shlex.join(words)} gives no address"
    assert process.wait(15) == 0


LINES: Final = [(one.name, line) for one in pages() for line in one.blocks("sh")]


@pytest.mark.long
async def test_every_shell_line_runs(folder: Path) -> None:
    async with FeedServer() as server:
        server.script["/feed.xml"] = Reply(body=(folder / "docs" / "samples" / "feed.xml").read_bytes())
        opml = folder / "docs" / "samples" / "feeds.opml"  # the same list, its feeds on this machine
        opml.write_text(re.sub(r'xmlUrl="https://([\w.]+)', f'xmlUrl="{server.url("")}/\\1', opml.read_text()))
        for path in re.findall(r'xmlUrl="http://[^/]+(/[^"]+)', opml.read_text()):
            server.script[path] = server.script["/feed.xml"]
        for name, line in LINES:
            try:
                await asyncio.to_thread(run, line, folder)
            except (AssertionError, subprocess.CalledProcessError) as why:
                pytest.fail(f"{name}: {line}\n{why}")
    assert len(LINES) > 10


def test_every_command_line_in_the_text_can_be_given() -> None:
    parser = cli.parser()
    known = {name for action in parser._subparsers._group_actions for name in action.choices}  # type: ignore[union-attr]
    wrong = []
    for one in pages():
        for span in one.spans():
            words = span.split()
            if words[0] not in {"headframe", ".venv/bin/headframe"} or len(words) == 1 or words[1].isupper():
                continue
            if len(words) == 2 and words[1] in known:
                continue  # a command only named
            try:
                parser.parse_args(shlex.split(span.replace("…", "x").partition("<")[0])[1:], Namespace())
            except SystemExit:
                wrong.append(f"{one.name}: {span}")
    assert not wrong


def test_every_target_and_setting_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    fields = {name.upper() for name in Settings.model_fields}
    assert fields == example, ".env.example names every setting, and no other"
    of_tests = {
        "HEADFRAME_SHARED",
        "HEADFRAME_CHROMIUM",
        "HEADFRAME_AXE",
        "HEADFRAME_ARTEFACTS",
        "HEADFRAME_SOAK_MINUTES",
    }
    for one in pages():
        named = set(re.findall(r"\b((?:HEADFRAME|DISCORD|DATABASE)_[A-Z_]+)\b", one.text))
        assert named - fields - of_tests == set(), one.name
        metrics = (ROOT / "bot" / "metrics.py").read_text(encoding="utf-8")
        assert [name for name in re.findall(r"headframe_[a-z_]+", one.text) if name not in metrics] == [], one.name
        assert {span.split()[1] for span in one.spans() if re.fullmatch(r"make [a-z]+", span)} <= targets, one.name


def test_the_feeds_of_the_sample_are_dependable_ones_of_the_directory() -> None:
    sample = opml.read((ROOT / "docs" / "samples" / "feeds.opml").read_bytes())
    listed = [directory.lookup(feed.url) for feed in sample.feeds]
    assert listed
    assert all(one is not None and one.default for one in listed)


def test_the_samples_are_marked_as_invented() -> None:
    samples = ROOT / "docs" / "samples"
    headlines = (samples / "headlines.txt").read_text(encoding="utf-8").splitlines()
    titles = re.findall(r"<item>\s*<title>(.*?)</title>", (samples / "feed.xml").read_text(encoding="utf-8"))
    assert titles
    assert [line for line in headlines + titles if not line.endswith(" (invented)")] == []
