"""The unpatched discord.py client answers people: commands, autocomplete, buttons, selects, modals, context menus."""

from __future__ import annotations

import io
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands, ui
from discord.ext import commands

from bot.preview import LocalDiscord, UseError

from .test_client import channel

if TYPE_CHECKING:
    from .conftest import Rest

Bot = commands.AutoShardedBot


class Name(ui.Modal, title="Who are you?"):
    name: ui.TextInput[Name] = ui.TextInput(label="Name", custom_id="name", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"hello {self.name.value}")


class Setup(ui.Modal, title="Setup"):
    language: ui.Label[Setup] = ui.Label(
        text="Language",
        component=ui.Select(custom_id="language", options=[discord.SelectOption(label=x) for x in ("en", "fr")]),
    )
    where: ui.Label[Setup] = ui.Label(text="Channel", component=ui.ChannelSelect(custom_id="where", required=True))
    file: ui.Label[Setup] = ui.Label(text="Feeds", component=ui.FileUpload(custom_id="file"))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        picked: Any = (self.language.component, self.where.component, self.file.component)
        raw = await picked[2].values[0].read()
        await interaction.response.send_message(f"{picked[0].values[0]} {picked[1].values[0].name} {raw.decode()}")


class Panel(ui.View):
    @ui.button(label="Edit", custom_id="edit")
    async def edit(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.edit_message(content="edited")

    @ui.button(label="Form", custom_id="form")
    async def form(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.send_modal(Name())

    @ui.select(custom_id="pick", options=[discord.SelectOption(label=x) for x in ("gold", "zinc")])
    async def pick(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"picked {select.values[0]}")

    @ui.select(cls=ui.ChannelSelect, custom_id="where")
    async def where(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.send_message(f"in {select.values[0].name}", ephemeral=True)


def furnish(bot: Bot) -> None:
    """A small command set that touches each kind of answer."""
    alert = app_commands.Group(name="alert", description="Alerts")

    @alert.command(name="keyword", description="Watch words")
    async def keyword(
        interaction: discord.Interaction, query: str, where: discord.TextChannel | None = None, cap: int = 5
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(f"{query} in {where and where.name} cap {cap} for {interaction.user.name}")
        await interaction.followup.send("and more", ephemeral=True)

    @keyword.autocomplete("query")
    async def suggest(_interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current} price", value=current)]

    @bot.tree.command(name="panel", description="A panel")
    async def panel(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("panel", view=Panel(timeout=60))

    @bot.tree.command(name="whose", description="Installed where?")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def whose(interaction: discord.Interaction) -> None:
        kinds = (interaction.is_guild_integration(), interaction.is_user_integration())
        await interaction.response.send_message(f"{kinds} {interaction.context.guild}")

    @bot.tree.command(name="setup", description="A modal with labels")
    async def setup(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Setup())

    @bot.tree.command(name="export", description="A file")
    @app_commands.default_permissions(manage_guild=True)
    async def export(interaction: discord.Interaction, source: discord.Attachment) -> None:
        raw = await source.read()
        await interaction.response.send_message(file=discord.File(io.BytesIO(raw.upper()), "feeds.opml"))

    @bot.tree.context_menu(name="Why this?")
    async def why(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"because {message.content}", ephemeral=True)

    @bot.tree.context_menu(name="Who?")
    async def who(interaction: discord.Interaction, user: discord.Member) -> None:
        await interaction.response.send_message(f"{user.display_name} {user.id}", ephemeral=True)

    bot.tree.add_command(alert)


@pytest.fixture
async def ready(bot: Bot, local: LocalDiscord) -> LocalDiscord:
    furnish(bot)
    await bot.tree.sync()
    return local


async def test_a_slash_command_is_deferred_followed_up_and_private(ready: LocalDiscord) -> None:
    guild = ready.world.guild()
    used = await ready.invoke("trader", guild, "alerts", "alert keyword", query="gold", where=guild.channel("policy"))
    message = await used.message()
    assert message["content"] == "gold in policy cap 5 for tomasz.w"
    assert message["flags"] & 64
    assert (await used.followup())["content"] == "and more"
    assert ready.channel_messages("alerts") == []
    assert (await used.response())["type"] == 5


async def test_autocomplete_offers_choices(ready: LocalDiscord) -> None:
    found = await ready.autocomplete("member", ready.world.guild(), "alerts", "alert keyword", "query", "gol")
    assert found == [{"name": "gol price", "value": "gol"}]


async def test_buttons_selects_and_modals_work(ready: LocalDiscord) -> None:
    guild = ready.world.guild()
    message = await (await ready.invoke("member", guild, "lounge", "panel")).message()
    assert (await (await ready.press(message, "edit", "member")).message())["content"] == "edited"
    picked = await ready.select(message, "pick", ["zinc"], "member")
    assert (await picked.message())["content"] == "picked zinc"
    chosen = await ready.select(message, "where", [guild.channel("policy")], "member")
    assert (await chosen.message())["content"] == "in policy"
    opened = await ready.press(message, "Form", "member")
    assert (await opened.modal())["title"] == "Who are you?"
    submitted = await ready.submit_modal(opened, name="Inès")
    assert (await submitted.message())["content"] == "hello Inès"
    with pytest.raises(UseError, match="characters"):
        await ready.submit_modal(opened, name="x" * 21)


async def test_a_modal_of_labels_with_selects_and_a_file_works(ready: LocalDiscord) -> None:
    guild = ready.world.guild()
    opened = await ready.invoke("moderator", guild, "mods", "setup")
    file = ready.add_file("moderator", "feeds.opml", b"opml")
    done = await ready.submit_modal(opened, language=["fr"], where=[guild.channel("policy")], file=[file])
    assert (await done.message())["content"] == "fr policy opml"
    with pytest.raises(UseError, match="required"):
        await ready.submit_modal(opened, language=["fr"], where=[], file=[file])
    with pytest.raises(UseError, match="from the list"):
        await ready.submit_modal(opened, language=["de"], where=[guild.channel("policy")], file=[file])
    with pytest.raises(UseError, match="no "):
        await ready.submit_modal(opened, languages=["fr"])


async def test_context_menus_get_their_target(ready: LocalDiscord, bot: Bot) -> None:
    guild = ready.world.guild()
    await channel(bot, ready, "headlines").send("gold rose")
    target = ready.channel_messages("headlines")[0]
    why = await ready.invoke_on("member", guild, "headlines", "Why this?", target)
    assert (await why.message())["content"] == "because gold rose"
    trader = ready.world.user("trader")
    who = await ready.invoke_on("member", guild, "headlines", "Who?", trader)
    assert (await who.message())["content"] == f"Tomasz {trader.id}"


async def test_attachment_options_and_file_answers(ready: LocalDiscord) -> None:
    guild = ready.world.guild()
    given = ready.add_file("moderator", "feeds.opml", b"<opml/>")
    used = await ready.invoke("moderator", guild, "mods", "export", source=given)
    file = (await used.message())["attachments"][0]
    assert ready.world.files[int(file["id"])].body == b"<OPML/>"


Use = Callable[[LocalDiscord], Coroutine[Any, Any, Any]]
REFUSED_USES: dict[str, tuple[Use, str]] = {
    "required option missing": (
        lambda d: d.invoke("member", d.world.guild(), "alerts", "alert keyword"),
        "required: query",
    ),
    "wrong type": (
        lambda d: d.invoke("member", d.world.guild(), "alerts", "alert keyword", query="x", cap="many"),
        "right kind",
    ),
    "unknown option": (
        lambda d: d.invoke("member", d.world.guild(), "alerts", "alert keyword", words="x"),
        "no option 'words'",
    ),
    "default permission": (
        lambda d: d.invoke("member", d.world.guild(), "alerts", "export", source=1),
        "no command 'export'",
    ),
    "channel not visible": (
        lambda d: d.invoke("member", d.world.guild(), "mods", "alert keyword", query="x"),
        "cannot see",
    ),
}


@pytest.mark.parametrize("name", REFUSED_USES)
async def test_a_person_cannot_send_what_discords_client_would_not(ready: LocalDiscord, name: str) -> None:
    use, said = REFUSED_USES[name]
    with pytest.raises(UseError, match=said):
        await use(ready)


async def test_a_command_installed_to_the_user_says_so(ready: LocalDiscord) -> None:
    used = await ready.invoke("trader", ready.world.guild(), "lounge", "whose")
    assert (await used.message())["content"] == "(True, True) True"
    alone = await ready.invoke("trader", None, None, "whose")
    assert (await alone.message())["content"].endswith("False")


async def test_in_a_dm_the_user_is_alone(ready: LocalDiscord) -> None:
    used = await ready.invoke("trader", None, None, "alert keyword", query="gold")
    assert (await used.message())["content"].endswith("for tomasz.w")


async def test_a_server_without_the_bot_has_what_people_carry_in_their_account(
    bot: Bot, ready: LocalDiscord, rest: Rest
) -> None:
    world = ready.world
    guild = world.add_guild("A friend's server", world.user("trader"), with_bot=False)
    chat = world.add_channel(guild, "chat")
    used = await ready.invoke("trader", guild, chat, "whose")
    assert (await used.message())["content"] == "(False, True) True"
    with pytest.raises(UseError, match="no command 'panel'"):
        await ready.invoke("trader", guild, chat, "panel")
    assert (await rest("POST", f"/channels/{chat.id}/messages", {"content": "x"}))[1]["code"] == 50001
    assert [g["id"] for g in (await rest("GET", "/users/@me/guilds"))[1]] == [str(world.guild().id)]
    assert [g.id for g in bot.guilds] == [world.guild().id], "its gateway says nothing of it"
