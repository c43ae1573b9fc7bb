"""Discord's published API description agrees: our answers fit it, and what we accept it accepts as well."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.preview import ApiError, P, check_commands, compose
from bot.preview.compose import Rules
from bot.preview.permissions import ALL
from bot.preview.wire import Form
from tests.corpus import shared
from tests.openapi import answer_schema, faults, request_schema

from .test_commands import command, option
from .test_refusals import ACCEPTED, V2, button, row, select, text

if TYPE_CHECKING:
    from .conftest import Rest


async def a_tour(rest: Rest) -> None:
    """Every kind of answer once."""
    local, world = rest.local, rest.local.world
    guild, app = world.guild(), world.application_id
    world.change_role(guild, guild.role("Headframe"), permissions=int(P.ADMINISTRATOR))
    for path in (
        "/users/@me",
        f"/users/{world.user('trader').id}",
        "/users/@me/guilds",
        "/users/@me/guilds?with_counts=true",
        "/applications/@me",
        "/oauth2/applications/@me",
        "/gateway",
        "/gateway/bot",
        f"/guilds/{guild.id}",
        f"/guilds/{guild.id}?with_counts=true",
        f"/guilds/{guild.id}/channels",
        f"/guilds/{guild.id}/roles",
        f"/guilds/{guild.id}/members/{world.bot.id}",
        f"/guilds/{guild.id}/members/search?query=t",
        f"/guilds/{guild.id}/threads/active",
        *(f"/channels/{c.id}" for c in guild.channels.values()),
        "/channels/155149108183695360",
    ):
        await rest("GET", path)
    lounge = f"/channels/{local.channel('lounge').id}"
    made = [(await rest("POST", f"{lounge}/messages", body))[1]["id"] for body in ACCEPTED.values()]
    await rest("POST", f"{lounge}/messages", {"content": "x", "message_reference": {"message_id": made[0]}})
    await rest(
        "POST", f"{lounge}/messages", {"content": f"<@{world.user('trader').id}> <@&{guild.role('Traders').id}> @here"}
    )
    await rest("POST", f"{lounge}/messages", {"content": "x" * 2001})
    await rest("PATCH", f"{lounge}/messages/{made[0]}", {"content": "edited"})
    await rest("PUT", f"{lounge}/messages/pins/{made[0]}")
    await rest("GET", f"{lounge}/messages/pins")
    await rest("PUT", f"{lounge}/messages/{made[0]}/reactions/%E2%9B%8F/@me")
    await rest("GET", f"{lounge}/messages/{made[0]}")
    await rest("POST", f"{lounge}/messages/{made[0]}/threads", {"name": "story"})
    await rest("GET", f"{lounge}/messages?limit=100")
    await rest("POST", f"{lounge}/threads", {"name": "side", "type": 11})
    await rest("DELETE", f"{lounge}/messages/{made[1]}")
    forum = f"/channels/{local.channel('deep-dives').id}"
    _, post = await rest("POST", f"{forum}/threads", {"name": "post", "message": {"content": "first"}})
    await rest("GET", f"/channels/{post['id']}")
    await rest("PATCH", f"/channels/{post['id']}", {"archived": True})
    await rest("GET", f"{forum}/threads/archived/public")
    _, channel = await rest("POST", f"/guilds/{guild.id}/channels", {"name": "New Wire", "type": 0, "topic": "t"})
    await rest("PATCH", f"/channels/{channel['id']}", {"name": "wire", "rate_limit_per_user": 5})
    await rest("DELETE", f"/channels/{channel['id']}")
    await rest("POST", f"/guilds/{guild.id}/roles", {"name": "pinged", "permissions": "1024"})
    _, dm = await rest("POST", "/users/@me/channels", {"recipient_id": str(world.user("trader").id)})
    await rest("POST", f"/channels/{dm['id']}/messages", {"content": "x"})
    _, hook = await rest("POST", f"{lounge}/webhooks", {"name": "wire"})
    await rest("GET", f"{lounge}/webhooks")
    await rest("POST", f"/webhooks/{hook['id']}/{hook['token']}?wait=true", {"content": "x"})
    kinds = [option(type=k, name=f"o{k}", description="d") for k in range(3, 12)]
    menus = [{"type": 3, "name": "Why this?"}, {"type": 2, "name": "Who?"}]
    await rest("PUT", f"/applications/{app}/commands", [command(options=kinds), *menus])
    await rest("GET", f"/applications/{app}/commands?with_localizations=true")
    await rest("POST", f"/applications/{app}/guilds/{guild.id}/commands", command())
    await rest("PUT", f"/applications/{app}/commands", [command(name="Bad Name")])
    local.gateway.interaction = lambda *_: True  # type: ignore[method-assign]
    data = {"id": "1", "name": "price", "type": 1}
    where = local.channel("lounge")
    used = local.interactions.send(2, world.user("trader"), guild.id, where, data)
    say = {"type": 4, "data": {"content": "hi", "flags": 64}}
    await rest("POST", f"/interactions/{used.id}/{used.token}/callback?with_response=true", say)
    await rest("POST", f"/webhooks/{app}/{used.token}", {"content": "more"})
    await rest("PATCH", f"/webhooks/{app}/{used.token}/messages/@original", {"content": "edited"})
    await rest("GET", f"/webhooks/{app}/{used.token}/messages/@original")


async def test_every_answer_fits_the_description(rest: Rest) -> None:
    shared("discord", "openapi.json")
    await a_tour(rest)
    found = []
    for method, path, status, answer in rest.seen:
        schema = answer_schema(method, path, status)
        if schema is None:
            if status != 204:
                found.append(f"{method} {path} → {status} is not described")
            continue
        if status >= 400:
            # The description has the codes in `errors` as numbers; Discord's docs and server have words.
            assert leaves_are_errors(answer.pop("errors", {})), path
        found += [f"{method} {path} → {status}: {fault}" for fault in faults(schema, answer)]
    assert not found, "\n".join(found)
    assert len(rest.seen) > 60


def leaves_are_errors(tree: dict[str, Any]) -> bool:
    """Is this Discord's nested error tree: {"field": {"_errors": [{"code", "message"}]}}?"""
    return all(
        all(set(e) == {"code", "message"} for e in x) if key == "_errors" else leaves_are_errors(x)
        for key, x in tree.items()
    )


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted_at_the_limits_the_description_accepts(name: str) -> None:
    schema = request_schema("POST", "/channels/1/messages") or {}
    assert faults(schema, ACCEPTED[name]) == []


def near(limit: int) -> st.SearchStrategy[str]:
    return st.sampled_from([0, 1, limit - 1, limit, limit + 1]).map(lambda n: "x" * n)


LINKS = st.sampled_from(["https://a.example/x", "javascript:x", "", "x", "attachment://a.png"])
EMBED = st.fixed_dictionaries(
    {},
    optional={
        "title": near(256),
        "description": near(4096),
        "url": LINKS,
        "color": st.sampled_from([0, 0xFFFFFF, 0x1000000]),
        "footer": st.fixed_dictionaries({"text": near(2048)}),
        "author": st.fixed_dictionaries({"name": near(256)}),
        "image": st.fixed_dictionaries({"url": LINKS}),
        "fields": st.integers(0, 26).map(lambda n: [{"name": "n", "value": "v"}] * n),
    },
)
BUTTON = st.builds(button, label=near(80), custom_id=near(100), style=st.integers(0, 6))
SELECT = st.builds(
    select,
    custom_id=near(100),
    placeholder=near(150),
    max_values=st.sampled_from([0, 1, 2, 25, 26]),
)
ROWS = st.lists(st.lists(BUTTON | SELECT, max_size=6).map(lambda xs: row(*xs)), max_size=6)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "content": near(2000),
        "embeds": st.lists(EMBED, max_size=11),
        "components": ROWS,
        "nonce": near(25),
        "allowed_mentions": st.fixed_dictionaries({"parse": st.lists(st.sampled_from(["users", "x"]), max_size=2)}),
    },
)
LAYOUT = st.recursive(
    st.builds(text, near(4000)) | st.just({"type": 14}) | BUTTON | st.lists(BUTTON, max_size=6).map(lambda x: row(*x)),
    lambda kids: st.lists(kids, max_size=6).map(lambda xs: {"type": 17, "components": xs}),
    max_leaves=12,
)


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(BODY | st.lists(LAYOUT, max_size=6).map(lambda xs: {"flags": V2, "components": xs}))
@example({"components": [row({"type": 2, "style": 6, "label": "", "custom_id": ""})]})
def test_no_message_is_accepted_that_the_description_refuses(body: dict[str, Any]) -> None:
    try:
        compose.check(body, [], Rules(ALL))
    except ApiError:
        return
    schema = request_schema("POST", "/channels/1/messages") or {}
    assert faults(schema, body) == []


CHOICE = st.builds(lambda n, v: {"name": n, "value": v}, near(100), near(100) | st.integers(0, 3))
OPTION = st.builds(
    option,
    type=st.integers(0, 12),
    name=near(32),
    description=near(100),
    required=st.booleans(),
    autocomplete=st.booleans(),
    choices=st.lists(CHOICE, max_size=2) | st.integers(24, 26).map(lambda n: [{"name": "n", "value": "v"}] * n),
)
COMMAND = st.builds(
    command,
    type=st.integers(0, 4),
    name=near(32),
    description=near(100),
    options=st.lists(OPTION, max_size=3),
    contexts=st.lists(st.integers(0, 3), max_size=2, unique=True) | st.none(),
    integration_types=st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True),
    default_member_permissions=st.sampled_from([None, 0, 32]),  # docs and server take strings too
)


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(COMMAND)
def test_no_command_is_accepted_that_the_description_refuses(body: dict[str, Any]) -> None:
    form = Form()
    check_commands.command(form, body)
    if not form.errors:
        schema = request_schema("POST", "/applications/1/commands") or {}
        assert faults(schema, body) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda kids: st.lists(kids, max_size=3) | st.dictionaries(st.sampled_from(["type", "id", "url", "name"]), kids),
    max_leaves=8,
)
KEYS = ("content", "embeds", "components", "nonce", "flags", "allowed_mentions", "attachments", "message_reference")


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_no_body_brings_the_checks_down(body: dict[str, Any]) -> None:
    with suppress(ApiError):
        compose.check(body, [], Rules(ALL))
