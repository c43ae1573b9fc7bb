"""Why a target cannot be reached, in words: for moderators, for lists, for the operator's log. Pure."""

from __future__ import annotations

from bot.i18n import _


def permission_name(name: str) -> str:
    """A permission as Discord's settings page calls it."""
    names = {
        "view_channel": _("View Channel"),
        "send_messages": _("Send Messages"),
        "send_messages_in_threads": _("Send Messages in Threads"),
        "embed_links": _("Embed Links"),
        "read_message_history": _("Read Message History"),
        "manage_channels": _("Manage Channels"),
        "manage_guild": _("Manage Server"),
    }
    return names.get(name, name.replace("_", " ").title())


def reason_text(reason: str) -> str:
    """Why a channel cannot be reached, for people."""
    if reason.startswith("missing:"):
        names = ", ".join(permission_name(name) for name in reason.removeprefix("missing:").split(","))
        return _("I lack the permission: {names}").format(names=names)
    reasons = {
        "unknown-channel": _("the channel is gone"),
        "left": _("I am no longer on the server"),
        "locked": _("the thread is locked"),
        "archived": _("the thread is archived"),
        "dm": _("direct messages are refused"),
    }
    return reasons.get(reason, reason)


def lost_text(channel_id: int, reason: str) -> str:
    """The notice to moderators. Names the channel, the reason and what to do."""
    lines = [
        _("I can't post in <#{channel}> any more: {reason}.").format(channel=channel_id, reason=reason_text(reason))
    ]
    if reason.startswith("missing:"):
        lines.append(_("Give it back in the channel's settings and I go on by myself; nothing is lost for 24 hours."))
    else:
        lines.append(_("Follow in another channel with `/channel follow`, or end it with `/channel unfollow`."))
    return " ".join(lines)


def mend_of(reason: str) -> str:
    """What the operator reading the log can do."""
    if reason.startswith("missing:"):
        return f"grant {reason.removeprefix('missing:')} to the bot in that channel"
    return "nothing: it resumes when the target can be reached again"
