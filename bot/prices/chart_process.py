"""The worker process itself: reads drawings on stdin, writes PNGs on stdout, until stdin ends.

Started by `chart_worker`.

A message is four bytes of length (big-endian) and that much content; an answer has one byte before it: 0 fine, 1 failed
(the content is then the reason as text).
"""

from __future__ import annotations

import importlib
import json
import os
import struct
import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = struct.Struct(">I")


def main() -> None:
    """Serve until the other side closes."""
    source = sys.stdin.buffer
    # Whatever a library prints must not get between the answers.
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while True:
        head = source.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        request = source.read(_HEAD.unpack(head)[0])
        try:
            status, content = 0, _draw(request)
        except Exception as error:  # noqa: BLE001  the reason goes to the parent, which raises it
            status, content = 1, f"{type(error).__name__}: {error}".encode()
        target.write(bytes([status]) + _HEAD.pack(len(content)) + content)
        target.flush()


def _draw(request: bytes) -> bytes:
    """The request names its function as "module:function", within this project."""
    asked = json.loads(request)
    module, _colon, function = str(asked["draw"]).partition(":")
    if not module.startswith("bot."):
        raise ValueError(f"{module} is not ours to draw with")
    draw = cast("Callable[[dict[str, object]], bytes]", getattr(importlib.import_module(module), function))
    return draw(asked["drawing"])


if __name__ == "__main__":
    main()
