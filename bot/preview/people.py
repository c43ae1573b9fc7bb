"""What people do in the local Discord: use commands, press buttons, fill modals, write. Tests call this directly.

Everything goes the way it does on Discord: the interaction travels to the bot over the gateway and its answers come
back over REST. A person who may not do something gets UseError instead.
"""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any

from bot.preview import command_use as use
from bot.preview import component_tree as tree
from bot.preview import interactions as ia
from bot.preview import model as m
from bot.preview.check_components import BUTTON, SELECTS
from bot.preview.command_use import UseError
from bot.preview.permissions import P
from bot.preview.route_application import find_command, visible_commands
from bot.preview.wire import Json, as_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.preview.interactions import Interaction, InteractionDesk
    from bot.preview.world import World

Who = m.User | int | str
Where = m.Channel | int | str
_SELECT_KINDS = {5: use.USER, 6: use.ROLE, 7: use.MENTIONABLE, 8: use.CHANNEL}


class People:
    """The people's half of LocalDiscord."""

    world: World
    interactions: InteractionDesk

    @property
    def url(self) -> str:
        raise NotImplementedError

    # -- finding things ----------------------------------------------------------------------------------------

    def channel(self, where: Where, guild: m.Guild | None = None) -> m.Channel:
        """A channel by record, id or name (of `guild`, or the first one). KeyError when there is none."""
        if isinstance(where, m.Channel):
            return where
        found = self.world.channels.get(as_id(where))
        if found is not None:
            return found
        return (guild or self.world.guild()).channel(str(where).removeprefix("#"))

    def channel_messages(self, where: Where) -> list[Json]:
        """A channel's messages as raw JSON, oldest first."""
        return [x.data for x in self.channel(where).messages.values()]

    def dm_messages(self, who: Who) -> list[Json]:
        """What the bot and a person wrote each other, oldest first."""
        return self.channel_messages(self.world.dm_channel(self.world.user(who)))

    def set_dms_open(self, who: Who, is_open: bool) -> None:
        """Let a person refuse (or accept) direct messages from the bot."""
        self.world.user(who).dms_open = is_open

    # -- commands ----------------------------------------------------------------------------------------------

    async def invoke(
        self, who: Who, guild: m.Guild | None, where: Where | None, name: str, /, **options: Any
    ) -> Interaction:
        """Use a slash command: `await local.invoke("trader", guild, "alerts", "alert keyword", query="gold")`.

        `guild` None means in the DM with the bot. Returns at once; await the interaction's answers.
        """
        user, channel = self._place(who, guild, where)
        command, path = self._command(user, guild, name, 1)
        data = use.build(command, path, options)
        return self.use_command(user, channel, data)

    async def autocomplete(
        self,
        who: Who,
        guild: m.Guild | None,
        where: Where | None,
        name: str,
        focused: str,
        typed: str | float,
        /,
        **options: Any,
    ) -> list[Json]:
        """The choices the bot offers while `typed` stands in the option `focused`."""
        user, channel = self._place(who, guild, where)
        command, path = self._command(user, guild, name, 1)
        data = use.build(command, path, {**options, focused: typed}, focused)
        return await self.use_command(user, channel, data, autocomplete=True).choices()

    async def invoke_on(
        self, who: Who, guild: m.Guild | None, where: Where | None, name: str, target: m.User | Json, /
    ) -> Interaction:
        """Use a context menu command on a user, or on a message (its raw JSON)."""
        user, channel = self._place(who, guild, where)
        on_user = isinstance(target, m.User)
        command, _ = self._command(user, guild, name, 2 if on_user else 3)
        target_id = str(target.id) if isinstance(target, m.User) else target["id"]
        data = {"id": command["id"], "name": name, "type": command["type"], "target_id": target_id}
        return self.use_command(user, channel, data)

    def _place(self, who: Who, guild: m.Guild | None, where: Where | None) -> tuple[m.User, m.Channel]:
        user = self.world.user(who)
        if where is None:
            return user, self.world.dm_channel(user)
        return user, self.channel(where, guild)

    def _command(self, user: m.User, guild: m.Guild | None, name: str, kind: int) -> tuple[Json, list[str]]:
        words = [name] if kind != 1 else name.removeprefix("/").split()
        known = visible_commands(self.world, user.id, guild.id if guild else None)
        found = next((c for c in known if c["name"] == words[0] and c["type"] == kind), None)
        if found is None:
            raise UseError(f"{user.name} has no command {name!r} here; there are {[c['name'] for c in known]}")
        return found, words[1:]

    def use_command(
        self,
        user: m.User,
        channel: m.Channel,
        data: Json,
        *,
        autocomplete: bool = False,
        nonce: str | None = None,
        locale: str = "en-US",
    ) -> Interaction:
        """Send a command (or autocomplete) interaction given in Discord's own shape; checked as the client would."""
        self._may_be_here(user, channel)
        command = find_command(self.world, user.id, channel.guild_id, data.get("id"))
        if command is None:
            raise UseError("You do not have permission to use this command here, or it is gone.")
        sent: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
        if "guild_id" in command:
            sent["guild_id"] = command["guild_id"]
        wanted: list[tuple[int, Any]] = []
        resolved: Json = {}
        if command["type"] == 1:
            use.check(command, data, autocomplete=autocomplete)
            sent["options"] = data.get("options") or []
            wanted = [
                (o["type"], o["value"])
                for o in use.leaves(sent["options"])
                if o["type"] in (use.USER, use.CHANNEL, use.ROLE, use.MENTIONABLE, use.ATTACHMENT)
            ]
        else:
            sent["target_id"] = str(data.get("target_id"))
            if command["type"] == 2:
                wanted = [(use.USER, data.get("target_id"))]
            else:
                message = self.world.find_message(channel.id, as_id(data.get("target_id")))
                resolved = {"messages": {str(message.id): message.data}}
        resolved |= use.resolve(self.world, channel.guild_id, user.id, wanted)
        if resolved:
            sent["resolved"] = resolved
        kind = ia.AUTOCOMPLETE if autocomplete else ia.COMMAND
        installed = tuple(command.get("integration_types") or (0,))
        if channel.guild_id is not None and self.world.bot.id not in self.world.guilds[channel.guild_id].members:
            installed = (1,)
        return self.interactions.send(
            kind, user, channel.guild_id, channel, sent, nonce=nonce, locale=locale, installed=installed
        )

    def _may_be_here(self, user: m.User, channel: m.Channel) -> None:
        bits = self.world.permissions(user.id, channel)
        if not bits & P.VIEW_CHANNEL:
            raise UseError(f"{user.name} cannot see this channel.")
        if not bits & P.USE_APPLICATION_COMMANDS:
            raise UseError(f"{user.name} may not use application commands here.")

    # -- components --------------------------------------------------------------------------------------------

    async def press(self, message: Json, button: str, who: Who) -> Interaction:
        """Press a button, named by its custom_id or its label."""
        return self.use_component(self.world.user(who), message, BUTTON, button, None)

    async def select(
        self, message: Json, custom_id: str | None, values: Sequence[str | m.User | m.Role | m.Channel], who: Who
    ) -> Interaction:
        """Choose values in a select menu (the only one when `custom_id` is None)."""
        plain = [v if isinstance(v, str) else str(v.id) for v in values]
        return self.use_component(self.world.user(who), message, 0, custom_id, plain)

    def use_component(
        self,
        user: m.User,
        message: Json,
        kind: int,
        custom_id: str | None,
        values: list[str] | None,
        *,
        nonce: str | None = None,
        locale: str = "en-US",
    ) -> Interaction:
        """Send a component interaction. UseError when it is not there, disabled, or the values do not fit."""
        stored = self.world.find_message(as_id(message["channel_id"]), as_id(message["id"]))
        if stored.only_for not in (None, user.id):
            raise UseError(f"{user.name} cannot see that message.")
        node = tree.component(stored.data["components"], kind, custom_id)
        if node is None:
            raise UseError(f"There is no component {custom_id!r} on that message.")
        if node.get("disabled"):
            raise UseError("That component is disabled.")
        data: Json = {"component_type": node["type"], "custom_id": node["custom_id"], "id": node["id"]}
        if node["type"] in SELECTS:
            data |= self._selected(user, stored.guild_id, node, values or [])
        channel = self.world.channels[stored.channel_id]
        return self.interactions.send(
            ia.COMPONENT, user, stored.guild_id, channel, data, source=stored, nonce=nonce, locale=locale
        )

    def _selected(self, user: m.User, guild_id: int | None, node: Json, values: list[str]) -> Json:
        low, high = node.get("min_values", 1), node.get("max_values", 1)
        if not low <= len(values) <= high:
            raise UseError(f"Choose between {low} and {high}.")
        if node["type"] == 3:
            if not set(values) <= {o["value"] for o in node["options"]}:
                raise UseError(f"Choose from {[o['value'] for o in node['options']]}.")
            return {"values": values}
        wanted: list[tuple[int, Any]] = [(_SELECT_KINDS[node["type"]], v) for v in values]
        return {"values": values, "resolved": use.resolve(self.world, guild_id, user.id, wanted)}

    # -- modals ------------------------------------------------------------------------------------------------

    async def submit_modal(self, opened: Interaction, who: Who | None = None, /, **fields: Any) -> Interaction:
        """Fill in the modal that answered `opened`: keyword per custom_id; a list for selects, a bool for checkboxes.

        Fields left out keep the modal's own value. Custom ids that are no Python names: `**{"custom:id": "x"}`.
        """
        modal = await opened.modal()
        components = [tree.filled(c, fields) for c in modal["components"]]
        left = set(fields) - set(tree.custom_ids(modal["components"]))
        if left:
            raise UseError(f"the modal has no {sorted(left)}; it has {list(tree.custom_ids(modal['components']))}")
        data: Json = {"custom_id": modal["custom_id"], "components": components}
        return self.use_modal(self.world.user(who) if who is not None else opened.user, opened, data)

    def use_modal(
        self, user: m.User, opened: Interaction, data: Json, *, nonce: str | None = None, locale: str = "en-US"
    ) -> Interaction:
        """Send a modal's answer in Discord's own shape. UseError when it is not that person's or does not fit."""
        answer = opened.callback
        if answer is None or answer["type"] != 9 or opened.user.id != user.id:
            raise UseError("There is no such modal open.")
        if data.get("custom_id") != answer["data"]["custom_id"]:
            raise UseError("That is another modal.")
        tree.check_modal(answer["data"]["components"], data.get("components") or [])
        channel = self.world.channels[opened.channel_id]
        wanted: list[tuple[int, Any]] = []
        for node in tree.nodes(data.get("components") or []):
            kind = {**_SELECT_KINDS, 19: use.ATTACHMENT}.get(node.get("type", 0))
            wanted += [(kind, v) for v in node.get("values") or []] if kind else []
        sent = {"custom_id": data["custom_id"], "components": data.get("components") or []}
        if wanted:
            sent["resolved"] = use.resolve(self.world, opened.guild_id, user.id, wanted)
        return self.interactions.send(
            ia.MODAL, user, opened.guild_id, channel, sent, source=opened.source, nonce=nonce, locale=locale
        )

    def add_file(self, who: Who, name: str, body: bytes) -> m.StoredFile:
        """A file a person is about to give to an attachment option or an upload field."""
        world = self.world
        user, number = self.world.user(who), world.new_id()
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[:100] or "file"
        kind = mimetypes.guess_type(safe)[0] or "application/octet-stream"
        url = f"{self.url}/attachments/{user.id}/{number}/{safe}"
        data: Json = {
            "id": str(number),
            "filename": safe,
            "size": len(body),
            "url": url,
            "proxy_url": url,
            "content_type": kind,
            "ephemeral": True,
        }
        file = m.StoredFile(number, user.id, safe, kind, body, data)
        world.store_file(file)
        return file

    # -- writing -----------------------------------------------------------------------------------------------

    def write(self, who: Who, where: Where, content: str) -> Json:
        """A person writes in a channel, thread or DM."""
        user, channel = self.world.user(who), self.channel(where)
        bits = self.world.permissions(user.id, channel)
        if not bits & P.SEND_MESSAGES or channel.type not in m.MESSAGEABLE:
            raise UseError(f"{user.name} may not write here.")
        text = content.strip()
        if not 1 <= len(text) <= 2000:
            raise UseError("A message has 1 to 2000 characters.")
        from bot.preview import compose

        made = compose.new_message(
            self.world, channel, user.data, {"content": text}, [], compose.Rules(bits), base_url=""
        )
        self.world.store_message(made)
        return made.data
