"""The command line: `headframe COMMAND`. stdout carries data, stderr everything else; no traceback for a mistake.

Handlers are imported when their command runs, so that `--help` and the text tools start at once.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module, metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _lazy(module: str, name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        handler: Callable[[argparse.Namespace], int] = getattr(import_module(f"bot.commands.{module}"), name)
        return handler(arguments)

    return run


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    top = argparse.ArgumentParser(prog="headframe", description="Hoists mining and metals headlines into Discord.")
    top.add_argument("--version", action="version", version=f"Headframe {metadata.version('headframe')}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, module: str, handler: str, summary: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=summary)
        made.set_defaults(handler=_lazy(module, handler))
        return made

    run = add("run", "serve", "run", "the bot; without DISCORD_TOKEN it is `headframe preview`")
    run.add_argument(
        "--roles",
        metavar="LIST",
        help="of gateway,poll,deliver: what this process does (default: HEADFRAME_ROLES, all)",
    )
    run.add_argument(
        "--shards",
        metavar="IDS/TOTAL",
        help="gateway shards of this process, such as 0-15/64 (default: HEADFRAME_SHARDS, all)",
    )
    preview = add("preview", "serve", "preview", "the bot with a Discord on this machine, in your browser")
    preview.add_argument("--port", type=int, default=8765, help="port on 127.0.0.1 (default 8765; 0 picks one)")
    preview.add_argument("--offline", action="store_true", help="only the bundled demo wire, no feeds from outside")
    preview.add_argument("--open", action="store_true", help="open the page in the browser")
    add("doctor", "doctor", "doctor", "check settings, token, database, clock, feeds and prices")
    check = add("check-feed", "feeds", "check_feed", "read feeds and print their entries, one JSON object a line")
    check.add_argument("sources", nargs="+", metavar="SOURCE", help="a URL, a file, or - for standard input")
    add("tag", "text", "tag", "tag headlines from standard input; JSON lines out")
    match = add("match", "text", "match", "like grep: headlines in, matching ones out")
    match.add_argument("query", metavar="QUERY", help="a query of the alert language")
    add("stories", "text", "stories", "group headlines from standard input into stories; JSON lines out")
    import_ = add("import", "feeds", "import_opml", "add the feeds of an OPML file")
    import_.add_argument("file", metavar="FILE.opml")
    import_.add_argument("--guild", type=int, default=0, help="the server that reads them (default: everyone's list)")
    export = add("export", "feeds", "export_opml", "print all feeds as OPML")
    export.add_argument("--guild", type=int, default=None, help="only those of one server")
    backup = add("backup", "data", "backup", "copy the database while it is in use")
    backup.add_argument("file", metavar="FILE", help="a new file in a folder that is there")
    backup.add_argument("--force", action="store_true", help="replace FILE if it is an older backup")
    restore = add("restore", "data", "restore", "put a backup in place of the database; while stopped")
    restore.add_argument("file", metavar="FILE")
    migrate = add(
        "migrate-to", "data", "migrate_to", "copy the SQLite database into an empty PostgreSQL; while stopped"
    )
    migrate.add_argument("url", metavar="URL", help="postgresql+asyncpg://USER:PASSWORD@HOST/NAME")
    bench = add("bench", "bench", "bench", "run the benchmarks, each against its naive baseline")
    bench.add_argument("name", nargs="?", metavar="NAME", help="only this one")
    bench.add_argument("--json", action="store_true", help="print JSON")
    bench.add_argument("--markdown", action="store_true", help="print tables for docs/benchmarks.md")
    bench.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    bench.add_argument(
        "--channels",
        type=int,
        metavar="N",
        help="channels of the fan-out in `deliver` (10000: four minutes; over 20000 on a clock that leaps)",
    )
    for module in ("bot.minerals.cli", "bot.prices.cli"):
        import_module(module).add_parsers(commands)
    return top


def _too_much(command: str, surplus: Sequence[str]) -> str:
    """What to say of arguments that nothing takes; the commands that filter are often given a file's name."""
    if command not in {"match", "tag", "stories"} or surplus[0].startswith("-"):
        return f"unrecognized arguments: {' '.join(surplus)}"
    query = " 'QUERY'" if command == "match" else ""
    quoted = "; a query of several words goes in quotes" if command == "match" else ""
    return (
        f"{command} reads headlines from standard input, so {surplus[0]!r} is too much. "
        f"For a file: headframe {command}{query} < FILE{quoted}"
    )


def _shielded(argv: Sequence[str]) -> list[str]:
    """A query that begins with a minus is a query, not an option: `headframe match '-chile copper'`."""
    given = list(argv)
    if len(given) == 2 and given[0] == "match" and given[1].startswith("-") and given[1] not in {"-h", "--help"}:
        given.insert(1, "--")
    return given


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()  # a pipe is written to only now; at the interpreter's exit it would be too late to catch
    except BrokenPipeError:
        # The reader of our output has gone (`headframe tag | head`): that is not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str] | None) -> int:
    top = parser()
    arguments, surplus = top.parse_known_args(_shielded(sys.argv[1:] if argv is None else argv))
    if surplus:
        top.error(_too_much(arguments.command, surplus))
    from bot.errors import StartError, UserError
    from bot.settings import SettingsError
    from storage.errors import StorageError

    try:
        return int(arguments.handler(arguments))
    except (StartError, UserError, SettingsError, StorageError) as error:
        print(f"headframe: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    raise SystemExit(main())
