"""How the guided start looks at each step: one embed and the controls under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.delivery.markdown import clamp, clamp_plain
from bot.desk import servers, setup_feeds
from bot.desk import setup as desk
from bot.i18n import _, ngettext
from cogs.ui.control import HEADLINE_PLACES, Panel
from cogs.ui.words import code

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.desk.setup import Plan
    from bot.desk.setup_sample import Sample
    from bot.feeds.directory import Listed
    from storage.records import Subscription

STEPS: Final = ("language", "notices", "follows", "feeds", "sample")
READY: Final = len(STEPS)  # the step after the last: started
_COLOUR: Final = 0xB8860B
_LISTED: Final = 10  # follows named one by one; the rest are counted
_ZONES: Final = (
    "UTC", "America/Vancouver", "America/Denver", "America/Chicago", "America/Toronto", "America/New_York",
    "America/Mexico_City", "America/Lima", "America/Santiago", "America/Sao_Paulo", "Europe/London", "Europe/Paris",
    "Europe/Madrid", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai",
    "Asia/Tokyo", "Australia/Perth", "Australia/Sydney",
)  # fmt: skip


def embed(
    plan: Plan,
    step: int,
    preset: str,
    reads: int = 0,
    *,
    followed: Sequence[Subscription] = (),
    sample: Sample | None = None,
    problems: Sequence[str] = (),
) -> discord.Embed:
    """preset: the topic chosen last, "" for none; reads, followed: what the server has already."""
    if step >= READY:
        lines = _done(plan, followed)
        lines += [f"- {clamp(problem, 1000)}" for problem in problems[:3]]  # sentences of ours
        if plan.did_something:
            lines.append(_("`/channel list` and `/feed list` show what was set up; Undo takes it all back."))
        return discord.Embed(title=_("Ready"), description="\n".join(lines), colour=0x2E9E5B)
    heads = {
        "language": (_("Language and time zone"), _("Which language should posts be in, and what is your time zone?")),
        "notices": (_("Notices"), _("Where may I tell moderators when a feed or a channel needs attention?")),
        "follows": (
            _("What goes where"),
            _("Choose a topic, then the channel it is posted in. Repeat as you like."),
        ),
        "feeds": (_("Feeds"), _("Which feeds shall I read? More can be added later with `/feed add`.")),
        "sample": (
            _("A look before you start"),
            _("This is what the last day would have brought:")
            if plan.follows
            else _("No topic was chosen here, so Start adds nothing to what is followed."),
        ),
    }
    title, text = heads[STEPS[step]]
    others = [one for one in followed if not plan.chosen(one)]
    lines = [text, ""]
    lines += _sampled(plan, sample, others) if sample is not None else _chosen(plan, STEPS[step], preset, reads, others)
    shown = discord.Embed(title=title, description="\n".join(lines)[:4000], colour=_COLOUR)
    shown.set_footer(text=_("Step {n} of {of}").format(n=step + 1, of=len(STEPS)))
    return shown


def undone() -> discord.Embed:
    return discord.Embed(title=_("Undone"), description=_("Everything is as it was before the setup."))


def _done(plan: Plan, followed: Sequence[Subscription]) -> list[str]:
    """What Start did, and what it found: never more than is so."""
    made, feeds = plan.made.get("subscriptions", ()), len(plan.made.get("feeds", ()))
    added = [one for one in followed if one.id in made]  # without those that were removed since
    before = len(followed) - len(added)
    lines = [_("All set.") if plan.did_something else _("Nothing was added or changed.")]
    if added:
        n = len(added)
        lines.append(
            ngettext(
                "{n} query was added: its headlines arrive in the channel you chose as they are published.",
                "{n} queries were added: their headlines arrive in the channels you chose as they are published.",
                n,
            ).format(n=n)
        )
    if feeds:
        lines.append(ngettext("{n} feed was added.", "{n} feeds were added.", feeds).format(n=feeds))
    if plan.changed:
        names = {"language": _("Language"), "timezone": _("Time zone"), "notices": _("Notices")}
        lines.append(_("Changed: {names}").format(names=", ".join(names[name] for name in plan.changed)))
    if before:
        lines.append(
            ngettext(
                "{n} query was followed already and stays.", "{n} queries were followed already and stay.", before
            ).format(n=before)
        )
    elif not added:
        lines.append(_("Nothing is followed yet: press Change and choose a topic and a channel."))
    return lines


def _already(others: Sequence[Subscription]) -> list[str]:
    """What the server follows beside what was chosen here."""
    if not others:
        return []
    n = len(others)
    lines = [
        ngettext("{n} query is followed already and stays:", "{n} queries are followed already and stay:", n).format(
            n=n
        )
    ]
    lines += [
        f"- {desk.name_of(one.query) or f'`{code(one.query)[:120]}`'} → <#{one.target_id}>" for one in others[:_LISTED]
    ]
    if n > _LISTED:
        lines.append(_("… and {n} more: `/channel list`").format(n=n - _LISTED))
    return lines


def _chosen(plan: Plan, step: str, preset: str, reads: int, others: Sequence[Subscription]) -> list[str]:
    match step:
        case "language":
            name = servers.LANGUAGE_NAMES.get(plan.language or "", _("each reader's own; posts in English"))
            return [_told(_("Language"), name), _told(_("Time zone"), plan.timezone or "UTC")]
        case "notices":
            return [_told(_("Notices go to"), f"<#{plan.notices}>" if plan.notices else _("the owner, by message"))]
        case "follows":
            lines = [f"- {desk.preset_name(slug)} → <#{channel}>" for slug, channel in plan.follows.items()]
            known = {one.query for one in others}
            if preset and preset not in plan.follows and desk.PRESETS[preset] not in known:
                lines.append(
                    _("{topic}: no channel chosen, so it is not added.").format(topic=desk.preset_name(preset))
                )
            return [*lines, *([""] if lines else []), *_already(others)]
    offered = setup_feeds.offered(plan.follows)
    lines = [
        ngettext(
            "{n} feed to choose from.",
            "{n} feeds to choose from, those for your topics first.",
            len(offered),
        ).format(n=len(offered)),
        ngettext("{n} feed chosen", "{n} feeds chosen", len(plan.feeds)).format(n=len(plan.feeds)),
    ]
    if plan.feeds:
        names = [one.title for one in offered if one.url in plan.feeds]
        lines[-1] = _told(lines[-1], clamp_plain(", ".join(names), 1500))
    if reads:
        lines.append(
            ngettext(
                "{n} feed is read here already and stays.", "{n} feeds are read here already and stay.", reads
            ).format(n=reads)
        )
    return lines


def _told(label: str, value: str) -> str:
    """ "Language: English": before a colon French has a space."""
    return _("{label}: {value}").format(label=label, value=value)


def _sampled(plan: Plan, sample: Sample, others: Sequence[Subscription]) -> list[str]:
    lines = []
    for preset, total, titles in sample.rows:
        count = ngettext("{n} headline", "{n} headlines", total).format(n=total)
        lines.append(f"**{desk.preset_name(preset)}** → <#{plan.follows[preset]}>: {count}")
        lines += [f"- {clamp_plain(title, 150)}" for title in titles]
    if not lines and not others:
        lines.append(_("Nothing is followed yet; go back and choose a topic and a channel."))
    lines += ["", *_already(others)]
    if sample.unread:
        lines.append("")
        lines.append(
            ngettext(
                "{n} of the chosen feeds did not answer just now; Start tries it again.",
                "{n} of the chosen feeds did not answer just now; Start tries them again.",
                sample.unread,
            ).format(n=sample.unread)
        )
    return lines


def controls(plan: Plan, step: int, preset: str) -> Panel:
    """preset: the topic chosen last, "" for none: then the next chosen channel is for the first of them."""
    panel = Panel("setup", step, preset)
    if step >= READY:
        panel.button("step", _("Change"), 0)
        if plan.did_something:
            panel.button("undo", _("Undo"), style=discord.ButtonStyle.danger)
        return panel
    match STEPS[step]:
        case "language":
            panel.menu("language", _("Language"), _options(servers.LANGUAGE_NAMES, plan.language))
            zones = list(dict.fromkeys([*([plan.timezone] if plan.timezone else []), *_ZONES]))
            panel.menu("zone", _("Time zone"), _options({zone: zone for zone in zones}, plan.timezone))
        case "notices":
            panel.channels("notices", _("A channel for moderators"))
        case "follows":
            names = {slug: desk.preset_name(slug) for slug in desk.PRESETS}
            panel.menu("preset", _("A topic"), _options(names, preset or desk.FIRST))
            panel.channels("channel", _("The channel it is posted in"), kinds=HEADLINE_PLACES)
            if plan.follows:
                chosen = {slug: names[slug] for slug in plan.follows}
                panel.menu("drop", _("Take a topic out again"), _options(chosen, None))
        case "feeds":
            _feed_menus(panel, plan)
    if step:
        panel.button("step", _("Back"), step - 1, row=4)
    if STEPS[step] == "feeds":
        missing = [url for url in setup_feeds.recommended(plan.follows) if url not in plan.feeds]
        if missing:
            text = ngettext("Add the {n} recommended", "Add the {n} recommended", len(missing))
            panel.button("recommended", text.format(n=len(missing)), row=4)
    if STEPS[step] == "sample":
        panel.button("start", _("Start"), style=discord.ButtonStyle.success, row=4)
    else:
        panel.button("step", _("Next"), step + 1, style=discord.ButtonStyle.primary, row=4)
    return panel


def _feed_menus(panel: Panel, plan: Plan) -> None:
    shelves = setup_feeds.shelves(plan.follows)
    total, first = sum(map(len, shelves)), 1
    recommended = set(setup_feeds.recommended(plan.follows))
    for number, shelf in enumerate(shelves):
        last = first + len(shelf) - 1
        text = _("More feeds, {first}–{last} of {total}") if number else _("Feeds, {first}–{last} of {total}")
        options = [
            discord.SelectOption(
                label=one.title[:100],
                description=_about(one, recommended)[:100] or None,
                value=str(setup_feeds.place(one)),
                default=one.url in plan.feeds,
            )
            for one in shelf
        ]  # fmt: skip
        panel.menu(
            "feeds", text.format(first=first, last=last, total=total), options, number, least=0, most=len(options)
        )
        first = last + 1


def _about(one: Listed, recommended: Collection[str]) -> str:
    """ "gold · recommended": what a feed is about, and how far to trust that it answers."""
    trust = (
        _("recommended") if one.url in recommended else _("not proven to answer") if one.status == "unproven" else ""
    )
    return " · ".join(part for part in (one.topic, trust) if part)


def _options(names: dict[str, str], chosen: str | None) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(label=name[:100], value=value, default=value == chosen) for value, name in names.items()
    ]
