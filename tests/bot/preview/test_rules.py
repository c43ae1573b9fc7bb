"""Pure rules: who may do what where, and whom a message pings."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.preview import ManualClock, P, World, component_tree, mentions
from bot.preview.clock import Snowflakes
from bot.preview.permissions import ALL, in_channel
from bot.preview.wire import snowflake_time

EVERYONE, ROLE, SELF = "everyone", "role", "self"
# overwrites in order of writing: (whom, allow, deny) → has SEND_MESSAGES
OVERWRITES: dict[str, tuple[list[tuple[str, int, int]], bool]] = {
    "nothing set": ([], True),
    "everyone denied": ([(EVERYONE, 0, P.SEND_MESSAGES)], False),
    "role allows what everyone lost": ([(EVERYONE, 0, P.SEND_MESSAGES), (ROLE, P.SEND_MESSAGES, 0)], True),
    "order of writing does not matter": ([(ROLE, P.SEND_MESSAGES, 0), (EVERYONE, 0, P.SEND_MESSAGES)], True),
    "member beats role": ([(ROLE, P.SEND_MESSAGES, 0), (SELF, 0, P.SEND_MESSAGES)], False),
    "member allowed": ([(ROLE, 0, P.SEND_MESSAGES), (SELF, P.SEND_MESSAGES, 0)], True),
    "no view, no anything": ([(EVERYONE, 0, P.VIEW_CHANNEL)], False),
}


@pytest.mark.parametrize("name", OVERWRITES)
def test_overwrites_apply_in_discords_order(name: str) -> None:
    overwrites, may = OVERWRITES[name]
    world = World.demo()
    guild, trader = world.guild(), world.user("trader")
    channel = guild.channel("lounge")
    targets: dict[str, Any] = {EVERYONE: guild.roles[guild.id], ROLE: guild.role("Traders"), SELF: trader}
    for whom, allow, deny in overwrites:
        world.set_overwrite(channel, targets[whom], allow=allow, deny=deny)
    bits = world.permissions(trader.id, channel)
    assert bool(bits & P.SEND_MESSAGES) is may
    if not bits & P.SEND_MESSAGES:
        assert not bits & (P.EMBED_LINKS | P.MENTION_EVERYONE | P.ATTACH_FILES)


def test_owner_and_administrators_may_everything_everywhere() -> None:
    world = World.demo()
    guild = world.guild()
    mods = guild.channel("mods")
    assert in_channel(guild, guild.members[guild.owner_id], mods) == ALL
    world.change_role(guild, guild.role("Traders"), permissions=int(P.ADMINISTRATOR))
    assert world.permissions(world.user("trader").id, mods) == ALL
    assert world.permissions(world.user("member").id, mods) == 0


def test_a_thread_takes_its_parents_rules_and_its_own_send_bit() -> None:
    world = World.demo()
    guild, member = world.guild(), world.user("member")
    parent = guild.channel("lounge")
    thread = world.add_thread(parent, "t", world.bot.id, 11)
    everyone = guild.roles[guild.id]
    world.set_overwrite(parent, everyone, deny=P.SEND_MESSAGES)
    assert world.permissions(member.id, thread) & P.SEND_MESSAGES
    world.set_overwrite(parent, everyone, deny=P.SEND_MESSAGES_IN_THREADS)
    assert not world.permissions(member.id, thread) & P.SEND_MESSAGES
    world.set_overwrite(parent, everyone, deny=P.VIEW_CHANNEL)
    assert world.permissions(member.id, thread) == 0


NONE: dict[str, Any] = {"parse": []}
# text, allowed_mentions, MENTION_EVERYONE? → users, roles (mentionable M, plain R), everyone
PINGS: dict[str, tuple[str, dict[str, Any] | None, bool, str]] = {
    "everything by default": ("<@U> <@&M> @everyone", None, True, "U M E"),
    "nothing when parse is empty": ("<@U> <@!U> <@&M> <@&R> @everyone @here", NONE, True, ""),
    "everyone needs the permission": ("@everyone", None, False, ""),
    "here is everyone": ("@here", None, True, "E"),
    "a role that is not mentionable": ("<@&R>", None, False, ""),
    "… with the permission": ("<@&R>", None, True, "R"),
    "a mentionable role": ("<@&M>", None, False, "M"),
    "only listed roles": ("<@&M> <@&R> <@U>", {"parse": [], "roles": ["M"]}, True, "M"),
    "only listed users": ("<@U>", {"users": ["U"]}, False, "U"),
    "listed but not in the text": ("gold", {"users": ["U"]}, False, ""),
    "in code": ("`<@U>` ```@everyone```", None, True, ""),
    "not a word": ("@everyones", None, True, ""),
}


@pytest.mark.parametrize("name", PINGS)
def test_whom_a_message_pings(name: str) -> None:
    text, allowed, may, wanted = PINGS[name]
    world = World.demo()
    guild = world.guild()
    ids = {"U": world.user("trader").id, "M": guild.role("Traders").id, "R": guild.role("Moderators").id}

    def real(raw: str) -> str:
        for key, number in ids.items():
            raw = raw.replace(f"@{key}>", f"@{number}>").replace(f"@!{key}>", f"@!{number}>")
            raw = raw.replace(f"&{key}>", f"&{number}>")
        return raw

    if allowed is not None:
        allowed = {k: [str(ids.get(x, x)) for x in v] for k, v in allowed.items()}
    found = mentions.read(real(text), allowed, guild, may_mention_all=may)
    letters = [k for k in "UMR" if ids[k] in (*found.users, *found.roles)] + (["E"] if found.everyone else [])
    assert " ".join(letters) == wanted


@given(st.text(alphabet="<@&!>0123456789everyoneh `\\*[]()", max_size=200))
def test_no_text_pings_when_nothing_is_allowed(text: str) -> None:
    world = World.demo()
    found = mentions.read(text, NONE, world.guild(), may_mention_all=True)
    assert found == mentions.Pings()


@given(st.lists(st.floats(0, 0.01), max_size=50))
def test_ids_rise_and_tell_their_time(steps: list[float]) -> None:
    clock = ManualClock(time.time())
    ids = Snowflakes(clock)
    last = ids.next()
    for step in steps:
        clock.advance(step)
        made = ids.next()
        assert made > last
        assert abs(snowflake_time(made) - clock.now()) < 0.01
        last = made


def test_what_a_channel_menu_begins_with_reaches_the_page_as_text_as_discord_sends_it() -> None:
    menu = {"type": 8, "custom_id": "x", "default_values": [{"id": 1310000000000000123, "type": "channel"}]}
    component_tree.text_ids(menu)
    assert menu["default_values"] == [{"id": "1310000000000000123", "type": "channel"}]
    assert component_tree.filled(menu, {})["values"] == ["1310000000000000123"]
