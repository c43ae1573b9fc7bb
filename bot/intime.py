"""Answers in time: whatever takes long is deferred, so that nobody reads "The application did not respond".

Discord waits three seconds for the first answer and takes only one. The deferral and the answer proper would cross each
other now and then; `settle` is called before any first answer and ends the clock, or waits for its deferral.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import discord
import structlog

log = structlog.get_logger(__name__)
DEFER_AFTER: Final = 1.2  # seconds; leaves the slowest of ways to Discord more than a second
GUESS_AFTER: Final = 2.0  # seconds; suggestions cannot be put off, so they may take a little longer
_KEY: Final = "in time"


class Clock:
    """The clock of one interaction."""

    def __init__(self, interaction: discord.Interaction[Any], *, public: bool) -> None:
        self._interaction = interaction
        self._public = public
        self._deferring = False
        self._task = asyncio.create_task(self._run(), name="defer an answer")

    async def _run(self) -> None:
        guessing = self._interaction.type is discord.InteractionType.autocomplete
        await asyncio.sleep(GUESS_AFTER if guessing else DEFER_AFTER)
        if self._interaction.response.is_done():
            return
        self._deferring = True
        try:
            await _defer(self._interaction, public=self._public)
        except discord.HTTPException as error:
            log.info("an answer could not be deferred", error=str(error))

    async def stop(self) -> None:
        if self._deferring:
            await asyncio.wait([self._task])
        else:
            self._task.cancel()


def start(interaction: discord.Interaction[Any]) -> None:
    """Start the clock of an interaction."""
    interaction.extras[_KEY] = Clock(interaction, public=shared(interaction))


def shared(interaction: discord.Interaction[Any]) -> bool:
    """Whether a command was used with `share`: everyone in the channel is going to see the answer."""
    data: dict[str, Any] = dict(interaction.data or {})
    found: list[Any] = list(data.get("options") or [])
    while found:
        option = found.pop()
        if option.get("name") == "share":
            return bool(option.get("value"))
        found += option.get("options") or []
    return False


def taken(interaction: discord.Interaction[Any]) -> bool:
    """Whether somebody has begun to work on it."""
    return _KEY in interaction.extras


async def settle(interaction: discord.Interaction[Any]) -> None:
    """After this, `interaction.response.is_done()` is the truth and stays so until you answer."""
    clock: Clock | None = interaction.extras.get(_KEY)
    if clock is not None:
        await clock.stop()


async def _defer(interaction: discord.Interaction[Any], *, public: bool) -> None:
    match interaction.type:
        case discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])  # better no suggestions than "Loading options failed"
        case discord.InteractionType.application_command:
            await interaction.response.defer(ephemeral=not public, thinking=True)
        case discord.InteractionType.modal_submit if interaction.message is None:
            await interaction.response.defer(ephemeral=True, thinking=True)
        case _:
            # The message stays as it is; the answer changes it, or comes as a message of its own.
            await interaction.response.defer()
