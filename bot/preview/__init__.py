"""A Discord that runs on this machine: REST v10, gateway v10, interactions and a web page; for tests and preview.

It keeps everything in memory, serves loopback addresses only, and refuses what Discord refuses.
"""

from __future__ import annotations

from bot.preview.clock import Clock, ManualClock, SystemClock
from bot.preview.command_use import UseError
from bot.preview.controls import ControlError, Param
from bot.preview.faults import Fault, RandomFaults, RequestInfo, flip_send
from bot.preview.interactions import Interaction, NoAnswer
from bot.preview.permissions import P
from bot.preview.server import LocalDiscord
from bot.preview.wire import ApiError, PreviewError
from bot.preview.world import World

__all__ = [
    "ApiError",
    "Clock",
    "ControlError",
    "Fault",
    "Interaction",
    "LocalDiscord",
    "ManualClock",
    "NoAnswer",
    "P",
    "Param",
    "PreviewError",
    "RandomFaults",
    "RequestInfo",
    "SystemClock",
    "UseError",
    "World",
    "flip_send",
]
