"""`/help`: by task, not by command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.i18n import _
from cogs.ui.answer import answer, update
from cogs.ui.control import Panel, register

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from cogs.ui.control import Act

Interaction = discord.Interaction["HeadframeBot"]
TOPICS = ("start", "alerts", "examples", "channels", "noise", "trouble", "feeds", "minerals", "prices", "privacy")


class Help(commands.Cog):
    """One command."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot

    @app_commands.command(name="help", description=locale_str("How do I …?"))
    @app_commands.describe(topic=locale_str("What about"))
    async def help_(self, interaction: Interaction, topic: str = "start") -> None:
        shown = topic if topic in TOPICS else "start"
        await answer(interaction, embed=_embed(shown), view=_menu())

    async def cog_load(self) -> None:
        register(self.bot, "help", self.pressed)

    async def pressed(self, interaction: discord.Interaction[Any], act: Act) -> None:
        """Another topic was chosen in the menu."""
        chosen = act.values[0] if act.values and act.values[0] in TOPICS else "start"
        await update(interaction, embed=_embed(chosen), view=_menu())

    @help_.autocomplete("topic")
    async def _topics(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=page(topic)[0][:100], value=topic)
            for topic in TOPICS
            if current.casefold() in page(topic)[0].casefold() or current.casefold() in topic
        ]


def _embed(topic: str) -> discord.Embed:
    title, text = page(topic)
    return discord.Embed(title=title, description=text, colour=0xB8860B)


def _menu() -> Panel:
    """No topic is preselected: the menu would only say again what the title above it says."""
    panel = Panel("help")
    options = [discord.SelectOption(label=page(one)[0][:100], value=one) for one in TOPICS]
    panel.menu("topic", _("Choose a topic"), options)
    return panel


def page(topic: str) -> tuple[str, str]:
    """(title, text) of a help topic in the language in force."""
    match topic:
        case "alerts":
            return _("Be alerted to what matters to you"), _(
                "`/alert keyword` with a query; I write to you when a headline matches.\n"
                '**Both words** `gold etf` · **a phrase** `"central bank"` · **either** `gold OR silver` · '
                "**without** `-jewellery` or `NOT jewellery` · **grouped** `(strike OR blockade) copper` · "
                "**beginning with** `tariff*`\n"
                "**By meaning** `mineral:lithium` `mineral:rare_earths` `list:us-2025` `topic:earnings` `direction:up` "
                "`source:mining.com` `ticker:NEM`\n"
                "Words match whole words in the headline, whatever their case, accents or plural.\n"
                "`/alert test` shows what an alert would have sent; `/alert quiet` keeps the night quiet; "
                "`/alert list`, `/alert edit`, `/alert pause`, `/alert remove` do what they say."
            ) + "\n" + _("Alerts that traders keep: `/help examples`")
        case "examples":
            return _("Alerts that traders keep, to copy and change"), _examples()
        case "channels":
            return _("Post headlines in a channel"), _(
                "`/channel follow` with a query such as `gold OR silver` posts matching headlines of all this server's "
                "feeds, here or in the channel you name; at once or as a digest, with a role to ping if you like.\n"
                "`/channel list` shows what is followed and whether it works; choose an entry there to change, pause, "
                "test, copy, move or remove it, or to take over what a member left behind.\n"
                "`/channel look` sets style, name and quiet hours. You need the permission Manage Channels."
            )
        case "noise":
            return _("Get fewer posts, or other ones"), _(
                "**Before you follow**: `/channel test` and `/alert test` count what a query would have brought.\n"
                "**Too many**: open the entry in `/channel list` or `/alert list` and make it a digest, pause it for "
                "8 hours, or narrow the query with another word or `-word`. `/channel edit` caps posts an hour.\n"
                "**One source is the trouble**: in the menu of a post, Apps → “Mute this source here”.\n"
                "**At night**: `/alert quiet` for yourself, `/channel look` for a channel."
            )
        case "trouble":
            return _("Find out why nothing arrives"), _(
                "`/status` says whether all is well. `/channel list` marks channels I can't write in and names the "
                "permission I lack. `/feed health` names feeds that fail, since when and why.\n"
                "`/channel test` shows whether the query would have matched anything.\n"
                "**Direct messages**: allow them from this server's members in your Privacy Settings.\n"
                "Every error ends in a small number (ref …): the operator of this bot finds it in the log."
            )
        case "feeds":
            return _("Choose which feeds are read"), _(
                "`/feed add` takes a feed, a site, or a name from the directory. `/feed list`, `/feed remove`, "
                "`/feed health` (what fails and why), `/feed import` and `/feed export` (OPML). "
                "You need the permission Manage Server."
            )
        case "minerals":
            return _("Look up a mineral"), _(
                "`/mineral info` for any of 87 minerals: uses, producers, critical lists, imports, with a source for "
                "every figure. `/mineral list`, `/mineral compare` and `/mineral risk` compare them."
            )
        case "prices":
            return _("Prices and price alerts"), _(
                "`/price now gold` with its sources and age; `/price chart`; `/price convert`.\n"
                "`/alert price` tells you once when a price goes above or below a level, or moves by some percent."
            )
        case "privacy":
            return _("What is stored about you"), _(
                "Your alerts and settings, and what was sent to you for 30 days. No message of yours is read.\n"
                "`/privacy export` gives it to you as a file, `/privacy delete` removes it at once."
            )
        case _:
            return _("Headframe hoists mining and metals news"), _(
                "**I want to read**: `/news latest`, `/news search`\n"
                "**I want to be alerted**: `/alert keyword`, `/alert price` → `/help alerts`\n"
                "**I want to know about a mineral or a price**: `/mineral info`, `/price now`\n"
                "**I look after this server**: `/setup` asks a few questions and does the rest; "
                "or `/feed add` and `/channel follow` → `/help channels`\n"
                "**Too many posts?** `/help noise` · **Nothing arrives?** `/help trouble`\n"
                "**Is all well?** `/status` · **My data**: `/privacy export`\n"
                "Under every post, “Why this?” says how it came here."
            ) + "\n" + _("**My language, time zone, currency**: `/preferences`")


def _examples() -> str:
    """The alert language by example; docs/alert-language.md tells all of it, with the same words."""
    told = (
        ("mineral:copper (strike OR topic:supply) -chile", _("strikes and lost supply of copper, Chile left out")),
        (
            "list:us-2025 (topic:policy OR topic:export-controls OR topic:tariffs)",
            _("what governments do to the minerals of the US critical list"),
        ),
        ("mineral:lithium topic:deals", _("who buys whom in lithium")),
        ('"central bank" mineral:gold', _("central banks and gold")),
        ("mineral:gold direction:down -silver", _("gold's price falls and silver is not named")),
        ("mineral:uranium (kazatomprom OR cameco)", _("two producers of uranium")),
        ("mineral:rare_earths topic:export-controls", _("curbs on any of the rare earths")),
        ("topic:accident (fatal* OR dead OR killed)", _("fatal accidents in mines")),
        ("ticker:NEM topic:earnings", _("the results of one company")),
        ("source:mining.com topic:exploration", _("drill results from one site")),
        ("* -jewellery", _("everything but jewellery")),
    )
    lines = [f"`{query}`\n{means}" for query, means in told]
    return (
        "\n".join(lines)
        + "\n"
        + _(
            "Words side by side must all be there; `OR` asks for either; `-` leaves out; quotes keep words together; "
            "`*` at the end takes any ending; brackets group. A query I cannot read comes back with the place marked."
        )
    )


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Help(bot))
