"""The bot's answers to interactions: the callback, the original message, and follow-ups by the interaction's token.

Rules: Discord docs, Interactions → Receiving and Responding. A first answer within 3 s (else 10062), only one (40060);
the token is good for 15 minutes (else 50027).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview import check_components, component_tree, compose
from bot.preview import interactions as ia
from bot.preview import model as m
from bot.preview.command_use import GROUP, SUB
from bot.preview.http import Call, Reply, Route
from bot.preview.permissions import P
from bot.preview.ratelimits import Limit
from bot.preview.wire import ApiError, Form, Json, as_id, refuse

if TYPE_CHECKING:
    from bot.preview.interactions import Interaction

# Which first answers fit which interaction: 4 message, 5 deferred message, 6 deferred update, 7 update,
# 8 autocomplete, 9 modal, 12 launch activity.
_FITS: Final = {
    ia.COMMAND: (4, 5, 9, 12),
    ia.COMPONENT: (4, 5, 6, 7, 9, 12),
    ia.AUTOCOMPLETE: (8,),
    ia.MODAL: (4, 5, 6, 7, 12),
}


async def callback(call: Call) -> Reply | None:
    """POST /interactions/{id}/{token}/callback."""
    local = call.local
    found = local.interactions.by_id.get(call.ids["interaction_id"])
    if found is None or found.token != call.text["webhook_token"]:
        raise refuse(10062)
    if found.callback is not None:
        raise refuse(40060)
    if found.failed or local.clock.now() - found.created > ia.ANSWER_WITHIN:
        raise refuse(10062)
    kind = call.json.get("type")
    fits = _FITS[found.type]
    if kind not in fits or (found.type == ia.MODAL and kind in (6, 7) and found.source is None):
        form = Form()
        form.choice(("type",), f"{{{', '.join(map(str, fits))}}}")
        form.done()
    data: Json = call.json.get("data") or {}
    message = _act(call, found, int(str(kind)), data)
    found.callback = {"type": kind, "data": data}
    found.answered_after = local.clock.now() - found.created
    if found.timer is not None:
        found.timer.cancel()
    if message is not None and kind in (4, 5):
        found.original = message
        local.world.store_message(message)
    _tell(call, found, int(str(kind)), data)
    found.changed()
    if not call.flag("with_response"):
        return None
    return Reply(200, _callback_response(found, int(str(kind)), message))


def _act(call: Call, found: Interaction, kind: int, data: Json) -> m.Message | None:
    """Check an answer and do what it says; the message it makes or changes."""
    if kind in (4, 5):
        if kind == 5:
            data = {"flags": int(data.get("flags") or 0) & m.EPHEMERAL}
        return _build(call, found, data, loading=kind == 5)
    if kind == 7:
        assert found.source is not None
        _edit(call, found.source, data, ("data",))
        return found.source
    if kind == 8:
        form = Form()
        _choices(form, data)
        form.done()
    elif kind == 9:
        form = Form()
        check_components.modal(form, data)
        form.done()
    return None


def _choices(form: Form, data: Json) -> None:
    choices = data.get("choices")
    if not isinstance(choices, list) or len(choices) > 25:
        form.bad_length(("data", "choices"), 0, 25)
        return
    for i, choice in enumerate(choices):
        form.text(("data", "choices", i, "name"), choice.get("name") or "", 1, 100)
        value = choice.get("value")
        if isinstance(value, str):
            form.text(("data", "choices", i, "value"), value, 1, 100)
        elif not isinstance(value, int | float):
            form.required(("data", "choices", i, "value"))


def _rules(call: Call, found: Interaction, prefix: tuple[str, ...] = ()) -> compose.Rules:
    """An interaction's answer needs none of the bot's channel permissions; pinging everyone does."""
    world = call.local.world
    channel = world.channels.get(found.channel_id)
    bits = world.permissions(world.bot.id, channel) if channel else 0
    grants = bits | P.SEND_MESSAGES | P.EMBED_LINKS | P.ATTACH_FILES
    return compose.Rules(int(grants), ephemeral=True, prefix=prefix)


def _build(call: Call, found: Interaction, data: Json, *, loading: bool = False) -> m.Message:
    """A new message in answer: the original or a follow-up."""
    local = call.local
    channel = local.world.channels.get(found.channel_id)
    if channel is None:
        raise refuse(10003)
    rules = _rules(call, found, ("data",) if call.text.get("interaction_id") else ())
    if not loading:
        compose.check(data, call.files, rules)
    hidden = bool(int(data.get("flags") or 0) & m.EPHEMERAL)
    message = compose.new_message(
        local.world,
        channel,
        local.world.bot.data,
        data,
        call.files,
        rules,
        base_url=local.url,
        only_for=found.user.id if hidden else None,
    )
    message.interaction_id = found.id
    message.data |= {
        "application_id": str(local.world.application_id),
        "webhook_id": str(local.world.application_id),
        "interaction_metadata": _metadata(found),
    }
    if found.type == ia.COMMAND:
        message.data["type"] = 20 if found.data.get("type", 1) == 1 else 23
        message.data["interaction"] = {
            "id": str(found.id),
            "type": found.type,
            "name": _full_name(found.data),
            "user": found.user.data,
        }
    if loading:
        message.data["flags"] |= m.LOADING
    return message


def _full_name(data: Json) -> str:
    """The command with its group and sub-command, as Discord's docs say of a message's `interaction.name`."""
    words = [str(data["name"])]
    level: list[Json] = data.get("options") or []
    while level and level[0].get("type") in (SUB, GROUP):
        words.append(str(level[0]["name"]))
        level = level[0].get("options") or []
    return " ".join(words)


def _metadata(found: Interaction) -> Json:
    made: Json = {
        "id": str(found.id),
        "type": found.type,
        "user": found.user.data,
        "authorizing_integration_owners": {"0": str(found.guild_id or 0)},
    }
    if found.type == ia.COMMAND:
        made |= {"name": found.data["name"], "command_type": found.data.get("type", 1)}
    if found.source is not None:
        made["interacted_message_id"] = str(found.source.id)
    return made


def _edit(call: Call, message: m.Message, data: Json, prefix: tuple[str, ...] = ()) -> None:
    world = call.local.world
    channel = world.channels.get(message.channel_id)
    bits = world.permissions(world.bot.id, channel) if channel else 0
    rules = compose.Rules(int(bits | P.EMBED_LINKS | P.ATTACH_FILES), prefix=prefix)
    compose.check(data, call.files, rules, old=message.data)
    compose.fill(world, message, data, call.files, rules, base_url=call.local.url)
    if message.data["flags"] & m.LOADING:
        message.data["flags"] &= ~m.LOADING
    else:
        message.data["edited_timestamp"] = world.now_iso()
    world.message_event("MESSAGE_UPDATE", message)


def _tell(call: Call, found: Interaction, kind: int, data: Json) -> None:
    desk = call.local.interactions
    if kind == 8:
        desk.tell(found, "INTERACTION_AUTOCOMPLETE", choices=data.get("choices") or [])
    elif kind == 9:
        for node in component_tree.nodes(data["components"]):
            component_tree.text_ids(node)
        desk.tell(found, "INTERACTION_MODAL", modal=data)
    desk.tell(found, "INTERACTION_SUCCESS")


def _callback_response(found: Interaction, kind: int, message: m.Message | None) -> Json:
    about: Json = {"id": str(found.id), "type": found.type, "channel_id": str(found.channel_id)}
    if found.guild_id:
        about["guild_id"] = str(found.guild_id)
    if message is not None:
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.data["flags"] & m.LOADING),
            "response_message_ephemeral": message.ephemeral,
        }
    made: Json = {"interaction": about, "resource": {"type": kind}}
    if message is not None:
        made["resource"]["message"] = message.data
    return made


# -- by token: /webhooks/{application_id}/{token}… -------------------------------------------------------------


def by_token(call: Call) -> Interaction | None:
    """The interaction of a webhook path's token; None when the path is a real webhook's. Refuses stale ones."""
    local = call.local
    if call.ids.get("webhook_id") != local.world.application_id:
        return None
    found = local.interactions.by_token.get(call.text["webhook_token"])
    if found is None:
        raise refuse(50027)
    if local.clock.now() - found.created > ia.TOKEN_LIVES:
        raise refuse(50027)
    if found.callback is None:
        raise refuse(10015)
    return found


def target(found: Interaction, which: str) -> m.Message:
    """The message that @original or an id stands for. Refuses with 10008."""
    if which == "@original":
        message = found.original
        if message is None and found.source is not None and found.callback and found.callback["type"] in (6, 7):
            message = found.source
    else:
        wanted = as_id(which)
        mine = [found.original, found.source, *found.followups]
        message = next((x for x in mine if x is not None and x.id == wanted), None)
    if message is None or (message is found.original and found.original_deleted):
        raise refuse(10008)
    return message


def follow_up(call: Call, found: Interaction) -> Json:
    """POST: a follow-up; the first one after a deferral fills the message that says "thinking"."""
    if found.callback is None or found.callback["type"] == 8:
        raise ApiError(404, 10015, "Unknown Webhook")
    original = found.original
    if original is not None and original.data["flags"] & m.LOADING and not found.original_deleted:
        _edit(call, original, call.json)
        found.edits += 1
        found.changed()
        return original.data
    message = _build(call, found, call.json)
    found.followups.append(message)
    call.local.world.store_message(message)
    found.changed()
    return message.data


def edit(call: Call, found: Interaction, which: str) -> Json:
    """PATCH: change the original or a follow-up."""
    message = target(found, which)
    _edit(call, message, call.json)
    if which == "@original" or message is found.original:
        found.edits += 1
    found.changed()
    return message.data


def delete(call: Call, found: Interaction, which: str) -> None:
    """DELETE: take the original or a follow-up away."""
    message = target(found, which)
    if message is found.original:
        found.original_deleted = True
    elif message in found.followups:
        found.followups.remove(message)
    call.local.world.remove_message(message)
    found.changed()


ROUTES: Final = (
    Route(
        "POST",
        "/interactions/{interaction_id}/{webhook_token}/callback",
        callback,
        Limit("", 50, 1.0),
        login=False,
    ),
)
