"""What Discord refuses is refused here: status, JSON error code, and where in the form the fault is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.preview import LocalDiscord, P

if TYPE_CHECKING:
    from .conftest import Rest


def at(errors: Any, path: str) -> list[str]:
    """The error codes at a dotted path of an errors tree."""
    for part in path.split("."):
        errors = errors.get(part, {})
    return [e["code"] for e in errors.get("_errors", [])]


def row(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


def button(**over: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | over


def options(n: int) -> list[dict[str, Any]]:
    return [{"label": f"o{i}", "value": f"v{i}"} for i in range(n)]


def select(**over: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "s", "options": options(2)} | over


def text(content: str = "hello") -> dict[str, Any]:
    return {"type": 10, "content": content}


FIELDS = [{"name": "n", "value": "v"}]
V2 = 1 << 15
MESSAGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "content of 2001": ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    "eleven embeds": ({"embeds": [{"title": "t"}] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
    "title of 257": ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    "description of 4097": (
        {"embeds": [{"description": "x" * 4097}]},
        "embeds.0.description",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "26 fields": ({"embeds": [{"fields": FIELDS * 26}]}, "embeds.0.fields", "BASE_TYPE_MAX_LENGTH"),
    "field name of 257": (
        {"embeds": [{"fields": [{"name": "x" * 257, "value": "v"}]}]},
        "embeds.0.fields.0.name",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "empty field value": (
        {"embeds": [{"fields": [{"name": "n", "value": ""}]}]},
        "embeds.0.fields.0.value",
        "BASE_TYPE_REQUIRED",
    ),
    "footer of 2049": (
        {"embeds": [{"title": "t", "footer": {"text": "x" * 2049}}]},
        "embeds.0.footer.text",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "author of 257": (
        {"embeds": [{"author": {"name": "x" * 257}}]},
        "embeds.0.author.name",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "6001 over two embeds": (
        {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
        "embeds.1",
        "MAX_EMBED_SIZE_EXCEEDED",
    ),
    "javascript link": (
        {"embeds": [{"title": "t", "url": "javascript:alert(1)"}]},
        "embeds.0.url",
        "URL_TYPE_INVALID_SCHEME",
    ),
    "link without host": ({"embeds": [{"title": "t", "url": "https://"}]}, "embeds.0.url", "URL_TYPE_INVALID_URL"),
    "word as link": ({"embeds": [{"title": "t", "url": "mining"}]}, "embeds.0.url", "URL_TYPE_INVALID_URL"),
    "image by ftp": (
        {"embeds": [{"image": {"url": "ftp://a.example/b.png"}}]},
        "embeds.0.image.url",
        "URL_TYPE_INVALID_SCHEME",
    ),
    "empty embed": ({"embeds": [{}]}, "embeds.0.description", "BASE_TYPE_REQUIRED"),
    "nonce of 26": ({"content": "x", "nonce": "n" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
    "ephemeral outside interactions": ({"content": "x", "flags": 64}, "flags", "BITFIELD_FLAGS_UNKNOWN"),
    "parse and list together": (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["155149108183695360"]}},
        "allowed_mentions",
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
    "parse word twice": (
        {"content": "x", "allowed_mentions": {"parse": ["users", "users"]}},
        "allowed_mentions.parse",
        "SET_TYPE_ALREADY_CONTAINS_VALUE",
    ),
    "unknown parse word": (
        {"content": "x", "allowed_mentions": {"parse": ["all"]}},
        "allowed_mentions.parse.0",
        "BASE_TYPE_CHOICES",
    ),
    "attachment never uploaded": (
        {"content": "x", "attachments": [{"id": 0, "filename": "a.png"}]},
        "attachments.0.id",
        "ATTACHMENT_NOT_FOUND",
    ),
    "reply to nothing": (
        {"content": "x", "message_reference": {"message_id": "155149108183695360"}},
        "message_reference",
        "REPLIES_UNKNOWN_MESSAGE",
    ),
    "six rows": (
        {"content": "x", "components": [row(button(custom_id=str(i))) for i in range(6)]},
        "components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "six buttons": (
        {"content": "x", "components": [row(*(button(custom_id=str(i)) for i in range(6)))]},
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "button outside a row": ({"content": "x", "components": [button()]}, "components.0.type", "BASE_TYPE_CHOICES"),
    "label of 81": (
        {"content": "x", "components": [row(button(label="x" * 81))]},
        "components.0.components.0.label",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "custom_id of 101": (
        {"content": "x", "components": [row(button(custom_id="x" * 101))]},
        "components.0.components.0.custom_id",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "custom_id twice": (
        {"content": "x", "components": [row(button(), button())]},
        "components.0.components.1.custom_id",
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    "link button without url": (
        {"content": "x", "components": [row({"type": 2, "style": 5, "label": "Go"})]},
        "components.0.components.0.url",
        "BUTTON_COMPONENT_URL_REQUIRED",
    ),
    "link button to a script": (
        {"content": "x", "components": [row({"type": 2, "style": 5, "label": "Go", "url": "javascript:x"})]},
        "components.0.components.0.url",
        "URL_TYPE_INVALID_SCHEME",
    ),
    "select beside a button": (
        {"content": "x", "components": [row(select(), button())]},
        "components.0.components",
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
    ),
    "26 select options": (
        {"content": "x", "components": [row(select(options=options(26)))]},
        "components.0.components.0.options",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "option value twice": (
        {"content": "x", "components": [row(select(options=options(1) * 2))]},
        "components.0.components.0.options.1.value",
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
    ),
    "text display without the flag": ({"components": [text()]}, "components.0.type", "BASE_TYPE_CHOICES"),
    "content beside components v2": (
        {"flags": V2, "content": "x", "components": [text()]},
        "content",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    ),
    "embeds beside components v2": (
        {"flags": V2, "embeds": [{"title": "x"}], "components": [text()]},
        "embeds",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    ),
    "41 components nested": (
        {"flags": V2, "components": [{"type": 17, "components": [text() for _ in range(40)]}]},
        "components",
        "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
    ),
    "4001 characters in two texts": (
        {"flags": V2, "components": [text("x" * 4000), text("y")]},
        "components",
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
    ),
    "container in a container": (
        {"flags": V2, "components": [{"type": 17, "components": [{"type": 17, "components": [text()]}]}]},
        "components.0.components.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "section without accessory": (
        {"flags": V2, "components": [{"type": 9, "components": [text()]}]},
        "components.0.accessory.type",
        "BASE_TYPE_CHOICES",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_message_discord_refuses_is_refused_at_the_same_place(rest: Rest, name: str) -> None:
    body, path, code = MESSAGES[name]
    status, answer = await rest.post("headlines", body)
    assert (status, answer.get("code")) == (400, 50035), answer
    assert at(answer["errors"], path) == [code], answer["errors"]
    assert rest.local.channel_messages("headlines") == []


ACCEPTED: dict[str, dict[str, Any]] = {
    "every layout": {
        "flags": V2,
        "components": [
            {
                "type": 17,
                "accent_color": 0xC27C2C,
                "components": [
                    text(),
                    {"type": 14},
                    {"type": 12, "items": [{"media": {"url": "https://a.example/a.png"}}]},
                    {"type": 9, "components": [text()], "accessory": button(custom_id="a")},
                    row(select()),
                    row(*({"type": k, "custom_id": str(k)} for k in (5,))),
                ],
            }
        ],
    },
    "content of 2000": {"content": "x" * 2000},
    "6000 over two embeds": {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2000}]},
    "25 fields": {"embeds": [{"fields": FIELDS * 25}]},
    "five rows of five": {
        "content": "x",
        "components": [row(*(button(custom_id=f"{r}{c}") for c in range(5))) for r in range(5)],
    },
    "link button": {
        "content": "x",
        "components": [row({"type": 2, "style": 5, "label": "Go", "url": "https://a.example"})],
    },
    "container of 39": {"flags": V2, "components": [{"type": 17, "components": [text() for _ in range(39)]}]},
    "section with a thumbnail": {
        "flags": V2,
        "components": [
            {
                "type": 9,
                "components": [text()],
                "accessory": {"type": 11, "media": {"url": "https://a.example/a.png"}},
            }
        ],
    },
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_a_message_at_discords_limits_is_accepted(rest: Rest, name: str) -> None:
    status, answer = await rest.post("headlines", ACCEPTED[name])
    assert status == 200, answer
    assert rest.local.channel_messages("headlines")[-1]["id"] == answer["id"]


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": " \n "}, {"embeds": []}], ids=str)
async def test_a_message_with_nothing_to_show_is_refused(rest: Rest, body: dict[str, Any]) -> None:
    assert (await rest.post("headlines", body))[1] == {"message": "Cannot send an empty message", "code": 50006}


def lacking(local: LocalDiscord, bits: int, channel: str = "headlines") -> None:
    local.world.set_overwrite(local.channel(channel), local.world.bot, deny=bits)


LACKING: dict[str, tuple[int, dict[str, Any], int]] = {
    "view": (P.VIEW_CHANNEL, {"content": "x"}, 50001),
    "send": (P.SEND_MESSAGES, {"content": "x"}, 50013),
    "embed": (P.EMBED_LINKS, {"embeds": [{"title": "x"}]}, 50013),
    "tts": (0, {"content": "x", "tts": True}, 50013),
}


@pytest.mark.parametrize("name", LACKING)
async def test_posting_without_a_permission_is_forbidden(rest: Rest, name: str) -> None:
    bits, body, code = LACKING[name]
    lacking(rest.local, bits)
    status, answer = await rest.post("headlines", body)
    assert (status, answer["code"]) == (403, code)
    assert rest.local.limits.invalid_requests == 1


async def test_unknown_things_are_404_with_discords_codes(rest: Rest) -> None:
    guild = rest.local.world.guild()
    nowhere = 155149108183695360
    channel = rest.local.channel("headlines").id
    for path, code in (
        (f"/channels/{nowhere}", 10003),
        (f"/channels/{channel}/messages/{nowhere}", 10008),
        (f"/guilds/{nowhere}", 10004),
        (f"/guilds/{guild.id}/roles/{nowhere}", 10011),
        (f"/guilds/{guild.id}/members/{nowhere}", 10013),
        (f"/users/{nowhere}", 10013),
        (f"/applications/{rest.local.world.application_id}/commands/{nowhere}", 10063),
        ("/nothing/here", 0),
    ):
        status, answer = await rest("GET", path)
        assert (status, answer["code"]) == (404, code), path


async def test_a_wrong_token_is_401(rest: Rest) -> None:
    status, answer = await rest("GET", "/users/@me", token="wrong")
    assert (status, answer) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_closed_dms_and_other_bots_cannot_be_written_to(rest: Rest) -> None:
    trader = rest.local.world.user("trader")
    _, channel = await rest("POST", "/users/@me/channels", {"recipient_id": str(trader.id)})
    rest.local.set_dms_open("trader", False)
    status, answer = await rest("POST", f"/channels/{channel['id']}/messages", {"content": "x"})
    assert (status, answer["code"]) == (403, 50007)
    rest.local.set_dms_open("trader", True)
    assert (await rest("POST", f"/channels/{channel['id']}/messages", {"content": "x"}))[0] == 200
    assert [x["content"] for x in rest.local.dm_messages("trader")] == ["x"]


async def test_a_forum_takes_posts_not_messages(rest: Rest) -> None:
    assert (await rest.post("deep-dives", {"content": "x"}))[1]["code"] == 50008
    forum = rest.local.channel("deep-dives").id
    body: dict[str, Any] = {"name": "Resolution", "applied_tags": [], "message": {"content": "first"}}
    status, post = await rest("POST", f"/channels/{forum}/threads", body)
    assert status == 201
    assert post["message"]["id"] == post["id"]
    assert (await rest("POST", f"/channels/{post['id']}/messages", {"content": "second"}))[0] == 200
    body["applied_tags"] = ["1"]
    assert (await rest("POST", f"/channels/{forum}/threads", body))[1]["code"] == 50035


async def test_the_sixteenth_webhook_of_a_channel_is_refused(rest: Rest) -> None:
    guild = rest.local.world.guild()
    rest.local.world.change_role(guild, guild.role("Headframe"), permissions=int(P.ADMINISTRATOR))
    path = f"/channels/{rest.local.channel('headlines').id}/webhooks"
    for _ in range(15):
        assert (await rest("POST", path, {"name": "wire"}))[0] == 200
    assert (await rest("POST", path, {"name": "wire"}))[1]["code"] == 30007


async def test_only_its_own_messages_can_be_edited(rest: Rest) -> None:
    made = rest.local.write("member", "headlines", "mine")
    path = f"/channels/{made['channel_id']}/messages/{made['id']}"
    assert (await rest("PATCH", path, {"content": "x"}))[1]["code"] == 50005
    assert (await rest("DELETE", path))[1]["code"] == 50013
