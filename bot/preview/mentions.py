"""Whom a message pings: mentions in its text, cut down to what `allowed_mentions` and permissions let through.

Rule: docs, Resources → Message ("Allowed Mentions"). Text inside code is not read for mentions, embeds never are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.preview.wire import Json, as_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.preview.model import Guild

_CODE: Final = re.compile(r"```.*?```|``.+?``|`[^`\n]+`", re.DOTALL)
_USER: Final = re.compile(r"<@!?(\d{15,20})>")
_ROLE: Final = re.compile(r"<@&(\d{15,20})>")
_EVERYONE: Final = re.compile(r"@(?:everyone|here)\b")


@dataclass(frozen=True, slots=True)
class Pings:
    """User ids, role ids and whether everyone is pinged."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    everyone: bool = False


def read(
    text: str, allowed: Json | None, guild: Guild | None, *, may_mention_all: bool, replied_to: int | None = None
) -> Pings:
    """The pings of `text`. `may_mention_all` is the MENTION_EVERYONE permission (also for roles not mentionable)."""
    plain = _CODE.sub(" ", text) if "`" in text else text
    if "@" not in plain and replied_to is None:
        return Pings()
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or ())
    named_users = {as_id(i) for i in (allowed or {}).get("users") or ()}
    named_roles = {as_id(i) for i in (allowed or {}).get("roles") or ()}
    users = [i for i in _unique(_USER, plain) if "users" in parse or i in named_users]
    reply_pings = allowed is None or bool(allowed.get("replied_user"))
    if replied_to is not None and reply_pings and replied_to not in users:
        users.append(replied_to)
    roles: list[int] = []
    for role_id in _unique(_ROLE, plain):
        role = guild.roles.get(role_id) if guild else None
        listed = "roles" in parse or role_id in named_roles
        if role is not None and listed and (role.data["mentionable"] or may_mention_all):
            roles.append(role_id)
    everyone = guild is not None and "everyone" in parse and may_mention_all and bool(_EVERYONE.search(plain))
    return Pings(tuple(users), tuple(roles), everyone)


def _unique(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    yield from dict.fromkeys(int(found) for found in pattern.findall(text))
