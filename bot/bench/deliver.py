"""Delivery against the local Discord: the outbox beside `asyncio.gather` over plain `channel.send`.

Discord's limits are on where it says so (50 requests a second and its per-channel ones). What is measured is a process
of its own beside the local Discord's. Very large fan-outs leap over their waits.
"""

from __future__ import annotations

import asyncio
from statistics import quantiles
from typing import Final

from bot import logs
from bot.bench.delivery_bot import FEEDS
from bot.bench.delivery_clock import Simulated, simulate
from bot.bench.delivery_runs import Run, fan_out, gather
from bot.bench.model import Row

_PER_SECOND: Final = 50.0  # what Discord allows a bot
_LARGE: Final = 2_000  # channels from which on only the fan-out itself is run
_HUGE: Final = 20_000  # from which on even that is run on the leaping clock
_PLAIN: Final = "gather over channel.send"


def run(quick: bool = False, channels: int | None = None) -> list[Row]:
    """Rows for `headframe bench deliver`. quick: small sizes; channels: of the fan-out (1,000 unless told)."""
    logs.setup(level="error")
    wanted = channels or (200 if quick else 1_000)
    if wanted > _HUGE:
        return _leapt(simulate(wanted))
    if wanted > _LARGE:
        return asyncio.run(_large(wanted))
    rows = asyncio.run(_rows(wanted))
    return [*rows, *_leapt(simulate(1_000 if quick else 100_000))]


async def _rows(channels: int) -> list[Row]:
    free = await fan_out(channels, limits=False)
    plain = await gather(channels, limits=False, patience=120)
    paced = await fan_out(channels, limits=True, busy=True)
    patience = 1.5 * channels / _PER_SECOND
    naive = await gather(channels, limits=True, patience=patience)
    share = paced.channels / paced.seconds / _PER_SECOND
    naive_share = naive.channels / paced.seconds / _PER_SECOND  # of what the same time allows: it gives up early
    ours, theirs = free.messages / free.seconds, plain.messages / plain.seconds
    costs, plain_costs = free.cpu / free.messages * 1000, plain.cpu / plain.messages * 1000
    return [
        Row("messages a second, no limits", ours, "1/s", _PLAIN, theirs, ours / theirs,
            "with a database row claimed and marked for each"),
        Row("processor time a message, no limits", costs, "ms", _PLAIN, plain_costs, plain_costs / costs),
        Row(f"fan-out to {channels:,}: share of the ceiling", share * 100, "%", _PLAIN, naive_share * 100,
            share / max(naive_share, 0.001), f"{paced.seconds:.1f} s; {_each_once(paced, channels)}"),
        Row(f"fan-out to {channels:,}: delivered", paced.channels, "channels", _PLAIN, naive.channels,
            paced.channels / max(naive.channels, 1), f"gather given {patience:.0f} s"),
        Row(f"fan-out to {channels:,}: refused requests (429)", paced.refused, "requests", _PLAIN, naive.refused,
            naive.refused / max(paced.refused, 1)),
        _answers(paced),
        Row("memory grown from a fifth of it to the end", paced.grown, "MiB", _PLAIN, naive.grown,
            naive.grown / max(paced.grown, 0.1), "of the measured process alone"),
    ]  # fmt: skip


async def _large(channels: int) -> list[Row]:
    paced = await fan_out(channels, limits=True, busy=True)
    ideal = channels / _PER_SECOND
    each = paced.grown / (channels * 0.8) * 1024
    return [
        Row(f"fan-out to {channels:,}", paced.seconds, "s", "50 a second", ideal, ideal / paced.seconds,
            f"the ratio is the share of the ceiling; {_each_once(paced, channels)}"),
        Row(f"fan-out to {channels:,}: refused requests (429)", paced.refused, "requests", "none", 0,
            1 / max(paced.refused, 1)),
        _answers(paced),
        Row("memory grown from a fifth of it to the end", paced.grown, "MiB", "at a fifth", paced.megabytes[0],
            paced.megabytes[0] / max(paced.megabytes[1], 0.1),
            f"{each:.1f} KiB a message; the ratio is memory then / memory at the end"),
    ]  # fmt: skip


def _leapt(found: Simulated) -> list[Row]:
    ideal = found.channels / _PER_SECOND
    left = found.channels / 2 / _PER_SECOND
    name = f"{found.channels:,} channels on a leaping clock"
    return [
        Row(name, found.seconds / 60, "min", "50 a second", ideal / 60, ideal / found.seconds,
            f"real outbox, bucket and database; {found.messages:,} messages; the ratio is the share of the ceiling"),
        Row(f"{name}: a price alert that comes up half way", found.alert, "s", "first come, first served", left,
            left / max(found.alert, 0.01)),
    ]  # fmt: skip


def _answers(run: Run) -> Row:
    p99 = quantiles(run.acks, n=100)[98] * 1000 if len(run.acks) > 2 else 0.0
    return Row(
        f"slash answer p99 during it, with {FEEDS} feeds polled a second", p99, "ms", "the goal", 250,
        250 / max(p99, 0.1), f"{len(run.acks)} commands",
    )  # fmt: skip


def _each_once(run: Run, channels: int) -> str:
    if run.messages == run.channels == channels:
        return "every channel once"
    return f"{run.channels:,} channels of {channels:,} got {run.messages:,} messages"
