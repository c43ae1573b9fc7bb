"""What a person reads when something goes wrong: what it was and what to do next, with a number that is in the log."""

from __future__ import annotations

import secrets
import traceback
from typing import TYPE_CHECKING, Any, Final

import discord
import structlog
from discord import app_commands

from bot import intime
from bot.delivery.losses import permission_name
from bot.errors import UserError
from bot.i18n import _
from storage.errors import LimitReached, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger(__name__)
_MOST: Final = 1900  # characters of an error; the number comes after it


def sentence(error: BaseException) -> str | None:
    """The error table: what a person is told; None for what nobody foresaw."""
    match error:
        case UserError() | LimitReached():
            return str(error)
        case app_commands.MissingPermissions(missing_permissions=missing):
            return _("This needs the permission {names} here. Ask a moderator.").format(names=_names(missing))
        case app_commands.BotMissingPermissions(missing_permissions=missing):
            return _("I lack the permission {names} here. Please grant it and try again.").format(names=_names(missing))
        case app_commands.NoPrivateMessage():
            return _("This works only on a server that I am on. Use it in one of its channels.")
        case app_commands.CommandOnCooldown(retry_after=seconds):
            return _("Please wait {seconds} seconds and try again.").format(seconds=max(1, round(seconds)))
        case app_commands.TransformerError(value=value):
            return _("`{value}` can't be used there. Pick one of the suggestions.").format(
                value=discord.utils.escape_markdown(str(value)[:80]).replace("`", "'")
            )
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return _("This command has changed. Reload Discord and try again.")
        case StorageError():
            return _("My database can't be used right now. Please try again in a minute.")
        case _:
            return None


async def explain(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Answer with what went wrong and what to do. Every answer carries a number that finds it in the log."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    incident = secrets.token_hex(3)
    text = sentence(cause)
    if text is None:
        log.error("incident", incident=incident, command=_name_of(interaction), exc_info=cause)
        text = _(
            "Something went wrong on my side. Please try again; if it stays so, tell the operator "
            "the incident number `{incident}`."
        ).format(incident=incident)
    else:
        # What was typed stays out of the log: where it was refused says enough. The number is small and plain there:
        # a slip of the pen is no incident, but who asks for help can name it.
        log.info("refused", incident=incident, command=_name_of(interaction), why=type(cause).__name__, at=_at(cause))
        text = text[:_MOST] + "\n-# " + _("ref {incident}").format(incident=incident)
    try:
        await _tell(interaction, interaction.client.services.mentions.link_content(text))
    except discord.HTTPException as failed:
        log.info("an answer could not be given", error=str(failed), command=_name_of(interaction), incident=incident)


async def _tell(interaction: discord.Interaction[Any], text: str) -> None:
    await intime.settle(interaction)
    response = interaction.response
    if not response.is_done():
        await response.send_message(text, ephemeral=True)
        return
    if response.type is discord.InteractionResponseType.deferred_channel_message and intime.shared(interaction):
        # "Is thinking…" stands there for everyone; a fault is nobody else's business.
        await interaction.delete_original_response()
    await interaction.followup.send(text, ephemeral=True)


def outdated() -> UserError:
    """For a press of a control that this version does not know: posts keep the buttons of the day they came."""
    return UserError(_("This button is of another time. Use the command instead; `/help` names them."))


async def forgotten(interaction: discord.Interaction[Any]) -> None:
    """Answer a press or a form whose place in memory is gone: with the way on, and with what was typed."""
    if interaction.type is discord.InteractionType.modal_submit:
        text = _("I was started anew while you wrote, so this form is lost. Open it again, please.")
        typed = "\n".join(_typed(dict(interaction.data or {})))
        if typed:
            text += "\n" + _("What you had written:") + f"\n```\n{typed[:1200].replace('```', '')}\n```"
        raise UserError(text)
    name = _asked_by(interaction)
    if name:
        raise UserError(_("These controls have expired. Use `/{command}` again.").format(command=name))
    raise UserError(_("These controls have expired. Use the command again."))


def _asked_by(interaction: discord.Interaction[Any]) -> str | None:
    """The command whose answer carries these controls; None when Discord does not say."""
    # Not in `interaction_metadata`, and `Message.interaction` warns that Discord calls it deprecated.
    asked: Any = getattr(interaction.message, "_interaction", None)
    name = getattr(asked, "name", None)
    return str(name)[:100].replace("`", "'") if name else None


def _typed(part: dict[str, Any]) -> Iterator[str]:
    """What stands in the text fields of a form."""
    if part.get("type") == discord.ComponentType.text_input.value and part.get("value"):
        yield str(part["value"])
    for one in [*part.get("components", []), *([part["component"]] if "component" in part else [])]:
        yield from _typed(one)


def _names(permissions: list[str]) -> str:
    return ", ".join(permission_name(name) for name in permissions)


def _name_of(interaction: discord.Interaction[Any]) -> str:
    if interaction.command is not None:
        return interaction.command.qualified_name
    data: Any = interaction.data or {}
    return str(data.get("custom_id", "?"))


def _at(error: BaseException) -> str | None:
    """File and line where the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else None
