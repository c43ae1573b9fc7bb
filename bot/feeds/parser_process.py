"""The parser's own process: reads requests from standard input, answers on standard output, ends with the pipe.

Started by `worker.ParserPool`, with limits on memory and on the time of each request that hold even while C code runs.
It has no network, no database and no token in its environment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from bot.feeds import discover, page, parse, wire
from bot.feeds.model import FaultKind, FeedError, ParsedFeed

try:
    import resource
except ImportError:  # pragma: no cover  (not a POSIX system: the parent's time limit remains)
    resource = None  # type: ignore[assignment]

Answer = Iterator[dict[str, Any]]
_TAGGED: Final = 1_000  # entries of a body; a quarter of a second


def _parse(options: dict[str, Any], body: bytes) -> Answer:
    feed = parse.parse(
        body,
        content_type=options.get("content_type"),
        url=options.get("url", ""),
        known=frozenset(options.get("known", ())),
        zone=options.get("zone"),
        now=datetime.fromtimestamp(options["now"], UTC) if "now" in options else None,
        rule=options.get("rule"),
    )
    return wire.feed_frames(tagged(feed) if options.get("tags") else feed)


def tagged(feed: ParsedFeed) -> ParsedFeed:
    """With what each headline is about: text of strangers is read here, where reading it can be stopped.

    Not of more than fit in the limits of a body: whoever finds one of the others to be new reads it then.
    """
    from bot.news import tagger  # as `_warm` does: not needed by a worker that only parses

    first, others = feed.entries[:_TAGGED], feed.entries[_TAGGED:]
    read = tuple(dataclasses.replace(e, tags=tagger.tag(e.title, e.summary)) for e in first)
    return dataclasses.replace(feed, entries=read + others)


def _warm() -> None:
    """Load what reads headlines, a quarter of a second's work, before the first request: no limit runs yet."""
    from bot.news import tagger

    tagger.tag("Gold price rises")


def _discover(options: dict[str, Any], body: bytes) -> Answer:
    found = discover.discover(body, options.get("url", ""), content_type=options.get("content_type"))
    yield {"done": True, "result": [dataclasses.astuple(c) for c in found]}


def _propose(options: dict[str, Any], body: bytes) -> Answer:
    found = page.propose(body, options.get("url", ""), content_type=options.get("content_type"))
    yield {"done": True, "result": [[p.rule.dumps(), [list(line) for line in p.preview]] for p in found]}


_OPERATIONS: Final[dict[str, Callable[[dict[str, Any], bytes], Answer]]] = {
    "parse": _parse,
    "discover": _discover,
    "propose": _propose,
}


def answer(options: dict[str, Any], body: bytes) -> Answer:
    """The messages that answer one request; a fault is a message too."""
    try:
        yield from _OPERATIONS[options["do"]](options, body)
    except FeedError as error:
        yield {"done": True, "fault": [error.fault.kind.value, error.fault.detail]}
    except (MemoryError, SystemError):  # the latter from C code that is out of memory and forgets to say so
        yield {"done": True, "fault": [FaultKind.PARSE.value, "The feed needs too much memory to read."], "stop": True}
    except RecursionError:
        yield {"done": True, "fault": [FaultKind.PARSE.value, "The feed is nested too deeply to read."]}
    except Exception as error:  # noqa: BLE001  a parser's bug on hostile text must cost one feed, not the worker
        yield {"done": True, "fault": [FaultKind.PARSE.value, f"The feed could not be read ({type(error).__name__})."]}


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests in order until the input ends, as it does when the parent is gone."""
    while True:
        head = requests.read(wire.LENGTH.size)
        if len(head) < wire.LENGTH.size:
            return
        (size,) = wire.LENGTH.unpack(head)
        frame = requests.read(size)
        if len(frame) < size:
            return
        options, body = wire.unpack(frame)
        _alarm(float(options.get("limit", 0)), float(options.get("wall", 0)))
        for message in answer(options, body):
            answers.write(wire.pack(message))
            answers.flush()
            if message.get("stop"):
                return
        _alarm(0, 0)


def _alarm(processor: float, wall: float) -> None:
    """Seconds after which the kernel ends this process, also while C code holds the interpreter's lock.

    processor: seconds of its own work. wall: seconds on the clock, for when nobody is left to kill it.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, processor)
        signal.setitimer(signal.ITIMER_REAL, wall)


def _limit(memory: int) -> None:
    if resource is None or not memory:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Entry point of `python -m bot.feeds.parser_process MEMORY_BYTES [tags]`; tags: it will be asked for some."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer; it closes our input
    requests = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # a stray print must not break the frames
    _limit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        if "tags" in sys.argv[2:]:
            _warm()
        gc.collect()
        gc.freeze()
        answers.write(wire.pack({"ready": True}))
        answers.flush()
        serve(requests, answers)


if __name__ == "__main__":
    main()
