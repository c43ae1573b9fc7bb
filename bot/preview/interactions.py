"""Interactions: what a person does with the bot, the bot's answers to it, and Discord's time limits on them.

An `Interaction` is both the server's record and what a test awaits. Sending one out is `InteractionDesk.send`; what the
bot may answer is in interaction_routes.py.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from bot.preview import model as m
from bot.preview import payloads
from bot.preview import permissions as perms
from bot.preview.wire import Json, PreviewError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.preview.clock import Timer
    from bot.preview.server import LocalDiscord

ANSWER_WITHIN: Final = 3.0  # seconds to the first answer
TOKEN_LIVES: Final = 900.0
KEEP: Final = 2_000
PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 1, 2, 3, 4, 5
NO_ANSWER: Final = "The application did not respond"


class NoAnswer(PreviewError):
    """The bot did not answer an interaction (in time), or not in the way awaited."""


class Interaction:
    """One use of a command, component, autocomplete or modal, and everything the bot did about it.

    Await `response()`, `message()`, `modal()`, `choices()` or `followup(n)`; each raises NoAnswer after `within`
    seconds of real time, or as soon as the three seconds Discord gives are over.
    """

    def __init__(
        self,
        number: int,
        token: str,
        kind: int,
        user: m.User,
        guild_id: int | None,
        channel_id: int,
        data: Json,
        created: float,
        source: m.Message | None = None,
        nonce: str | None = None,
    ) -> None:
        self.id = number
        self.token = token
        self.type = kind
        self.user = user
        self.guild_id = guild_id
        self.channel_id = channel_id
        self.data = data
        self.created = created
        self.source = source  # the message a component or modal belongs to
        self.nonce = nonce
        self.callback: Json | None = None  # the bot's first answer, raw
        self.answered_after: float | None = None  # seconds from sending to the first answer
        self.original: m.Message | None = None
        self.original_deleted = False
        self.ephemeral = False
        self.followups: list[m.Message] = []
        self.edits = 0
        self.failed = False
        self.timer: Timer | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def changed(self) -> None:
        """Wake everyone who waits for something here."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, happened: Callable[[], bool], what: str, within: float = 5.0) -> None:
        """Wait until `happened()`; NoAnswer with `what` when it does not."""
        try:
            async with asyncio.timeout(within):
                while not happened():
                    if self.failed:
                        raise NoAnswer(f"{what}: {NO_ANSWER}")
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.append(waiter)
                    await waiter
        except TimeoutError:
            raise NoAnswer(f"{what}: nothing within {within} s (first answer: {self.callback})") from None

    async def response(self, within: float = 5.0) -> Json:
        """The first answer as the bot sent it: {"type": 4, "data": {…}}."""
        await self.until(lambda: self.callback is not None, "an answer", within)
        assert self.callback is not None
        return self.callback

    async def message(self, within: float = 5.0) -> Json:
        """The answer's message once it has something to show (after a deferral: once that was filled in).

        For a component answered with an update, that is the updated message.
        """
        await self.until(self._shown, "a message", within)
        shown = self.original or self.source
        assert shown is not None
        return shown.data

    def _shown(self) -> bool:
        if self.original is not None:
            return not self.original.data["flags"] & m.LOADING
        updated = self.callback is not None and self.callback["type"] in (6, 7)
        return (updated and (self.callback or {})["type"] == 7) or (updated and self.edits > 0)

    async def edited(self, times: int = 1, within: float = 5.0) -> Json:
        """The original message after `times` edits."""
        await self.until(lambda: self.edits >= times, f"{times} edits", within)
        return await self.message(within)

    async def followup(self, n: int = 0, within: float = 5.0) -> Json:
        """The n-th follow-up message."""
        await self.until(lambda: len(self.followups) > n, f"follow-up {n}", within)
        return self.followups[n].data

    async def modal(self, within: float = 5.0) -> Json:
        """The modal the bot opened."""
        answer = await self.response(within)
        if answer["type"] != 9:
            raise NoAnswer(f"the bot answered with type {answer['type']}, not a modal")
        data: Json = answer["data"]
        return data

    async def choices(self, within: float = 5.0) -> list[Json]:
        """The choices of an autocomplete answer."""
        answer = await self.response(within)
        if answer["type"] != 8:
            raise NoAnswer(f"the bot answered with type {answer['type']}, not with choices")
        found: list[Json] = answer["data"]["choices"]
        return found


class InteractionDesk:
    """Makes interactions, sends them to the bot, and keeps the latest ones."""

    def __init__(self, local: LocalDiscord) -> None:
        self._local = local
        self.by_id: OrderedDict[int, Interaction] = OrderedDict()
        self.by_token: dict[str, Interaction] = {}

    def send(
        self,
        kind: int,
        user: m.User,
        guild_id: int | None,
        channel: m.Channel,
        data: Json,
        *,
        source: m.Message | None = None,
        nonce: str | None = None,
        locale: str = "en-US",
        installed: tuple[int, ...] = (0,),
    ) -> Interaction:
        """Send an interaction to the bot; returns at once. `installed`: 0 to the server, 1 to the user."""
        world = self._local.world
        made = Interaction(
            world.new_id(), world.new_token(), kind, user, guild_id, channel.id, data, world.clock.now(), source, nonce
        )
        self.by_id[made.id] = self.by_token[made.token] = made
        while len(self.by_id) > KEEP:
            _, old = self.by_id.popitem(last=False)
            self.by_token.pop(old.token, None)
        self.tell(made, "INTERACTION_CREATE")
        payload = self._payload(made, channel, locale, installed)
        made.timer = world.clock.call_later(ANSWER_WITHIN, lambda: self._too_late(made))
        if not self._local.gateway.interaction(guild_id, payload):
            self._too_late(made)
        return made

    def tell(self, interaction: Interaction, name: str, **more: object) -> None:
        """Tell the person's page about the interaction."""
        data: Json = {"id": str(interaction.id), "nonce": interaction.nonce, **more}
        self._local.world.emit(f"LOCAL_{name}", data, only_for=interaction.user.id)

    def _too_late(self, interaction: Interaction) -> None:
        if interaction.callback is None and not interaction.failed:
            interaction.failed = True
            if interaction.timer is not None:
                interaction.timer.cancel()
            self.tell(interaction, "INTERACTION_FAILURE", message=NO_ANSWER)
            interaction.changed()

    def _payload(self, made: Interaction, channel: m.Channel, locale: str, installed: tuple[int, ...]) -> Json:
        """The INTERACTION_CREATE event's data (docs, Interactions → "Interaction Structure")."""
        world = self._local.world
        guild = world.guilds.get(made.guild_id) if made.guild_id else None
        bits = world.permissions(made.user.id, channel)
        owners = (made.guild_id or 0, made.user.id)
        payload: Json = {
            "id": str(made.id),
            "application_id": str(world.application_id),
            "type": made.type,
            "token": made.token,
            "version": 1,
            "channel_id": str(channel.id),
            "channel": {**channel.data, "permissions": str(bits)},
            "data": made.data,
            "locale": locale,
            "app_permissions": str(world.permissions(world.bot.id, channel) or perms.DM),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {str(k): str(owners[k]) for k in installed},
            "context": 0 if guild else 1,
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if guild is not None:
            member = payloads.with_user(world, guild.members[made.user.id])
            payload |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": "en-US", "features": guild.data["features"]},
                "guild_locale": guild.data["preferred_locale"],
                "member": {**member, "permissions": str(bits)},
            }
        else:
            payload["user"] = made.user.data
        if made.source is not None:
            payload["message"] = made.source.data
        return payload
