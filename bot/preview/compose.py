"""Turns a checked request body into a stored message: defaults filled in, files attached, mentions read.

Shared by channel messages, webhooks and interaction answers, which differ only in the rules given as `Rules`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.preview import check_components, check_message, component_tree, mentions
from bot.preview import model as m
from bot.preview.permissions import P
from bot.preview.wire import Form, Json, as_id, refuse

if TYPE_CHECKING:
    from bot.preview.world import World


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart request; `number` is the n of files[n]."""

    number: str
    name: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict: `permissions` of the sender in the channel; `ephemeral` may be asked for; `prefix` of error paths."""

    permissions: int
    ephemeral: bool = False
    prefix: tuple[str | int, ...] = ()


_VISIBLE_EDIT: Final = ("content", "embeds", "components", "attachments")


def check(body: Json, files: list[Upload], rules: Rules, old: Json | None = None) -> None:
    """Refuse what Discord refuses: 50035 with the tree, 50006 when nothing is left, 40005 for large files, 50013."""
    form = Form()
    new_flags = int(body.get("flags") or 0) if isinstance(body.get("flags") or 0, int) else 0
    v2 = bool((new_flags | (old["flags"] if old else 0)) & m.COMPONENTS_V2)
    try:
        _forms(form, body, files, rules, v2=v2, new=old is None)
    except (AttributeError, TypeError, KeyError, ValueError):
        # Somewhere a list stands for an object or the like; where exactly is of no use to a typed client.
        form.add((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    if form.errors and rules.prefix:
        nested = Form()
        node = nested.errors
        for part in rules.prefix[:-1]:
            node = node.setdefault(str(part), {})
        node[str(rules.prefix[-1])] = form.errors
        form = nested
    form.done()
    if any(len(f.body) > check_message.FILE_BYTES for f in files):
        raise refuse(40005)
    _not_empty(body, files, old)
    if body.get("embeds") and not rules.permissions & P.EMBED_LINKS:
        raise refuse(50013)
    if files and not rules.permissions & P.ATTACH_FILES:
        raise refuse(50013)


def _forms(form: Form, body: Json, files: list[Upload], rules: Rules, *, v2: bool, new: bool) -> None:
    """Note every fault of the body's form."""
    check_message.content(form, body.get("content"))
    check_message.embeds(form, body.get("embeds"))
    check_message.nonce(form, body.get("nonce"))
    if new:
        check_message.flags(form, body.get("flags"), ephemeral_allowed=rules.ephemeral)
    check_message.allowed_mentions(form, body.get("allowed_mentions"))
    if not isinstance(body.get("message_reference") or {}, dict):
        form.add(("message_reference",), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    check_message.files(form, body.get("attachments"), {f.number for f in files})
    if len(files) > check_message.FILES:
        form.too_long(("files",), check_message.FILES)
    check_components.message(form, body.get("components"), v2=v2)
    if v2:
        for key in ("content", "embeds", "sticker_ids", "poll"):
            if body.get(key):
                form.add(
                    (key,),
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    "The 'content', 'embeds', 'stickers' and 'poll' fields cannot be used with components v2",
                )


def _forwards(body: Json) -> bool:
    reference = body.get("message_reference")
    return isinstance(reference, dict) and reference.get("type") == 1


def _not_empty(body: Json, files: list[Upload], old: Json | None) -> None:
    """A message needs something to show (whitespace is nothing)."""
    merged: Json = {k: (old or {}).get(k) for k in _VISIBLE_EDIT} | {k: body[k] for k in _VISIBLE_EDIT if k in body}
    if files or body.get("sticker_ids") or body.get("poll") or _forwards(body):
        return
    if str(merged.get("content") or "").strip():
        return
    if any(merged.get(k) for k in ("embeds", "components", "attachments")):
        return
    raise refuse(50006)


def new_message(
    world: World,
    channel: m.Channel,
    author: Json,
    body: Json,
    files: list[Upload],
    rules: Rules,
    *,
    base_url: str,
    only_for: int | None = None,
) -> m.Message:
    """A message built from an already checked body; not stored yet."""
    message_id = world.new_id()
    data: Json = {
        "id": str(message_id),
        "channel_id": str(channel.id),
        "type": 0,
        "content": "",
        "author": author,
        "timestamp": world.now_iso(),
        "edited_timestamp": None,
        "tts": bool(body.get("tts")),
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": int(body.get("flags") or 0),
    }
    if only_for is not None:
        data["flags"] |= m.EPHEMERAL
    message = m.Message(message_id, channel.id, channel.guild_id, as_id(author["id"]), data, only_for=only_for)
    replied_to = _reference(channel, message, body)
    fill(world, message, body, files, rules, base_url=base_url, replied_to=replied_to)
    return message


def _reference(channel: m.Channel, message: m.Message, body: Json) -> int | None:
    """A reply's reference; the author of the message answered, when it is there."""
    reference = body.get("message_reference")
    if not reference:
        return None
    target = channel.messages.get(as_id(reference.get("message_id")))
    if target is None:
        if reference.get("fail_if_not_exists", True):
            form = Form()
            form.add(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            form.done()
        return None
    message.data |= {
        "type": 19,
        "message_reference": {
            "type": 0,
            "channel_id": str(channel.id),
            "message_id": str(target.id),
            **({"guild_id": str(channel.guild_id)} if channel.guild_id else {}),
        },
        "referenced_message": target.data,
    }
    return target.author_id


def fill(
    world: World,
    message: m.Message,
    body: Json,
    files: list[Upload],
    rules: Rules,
    *,
    base_url: str,
    replied_to: int | None = None,
) -> None:
    """Put the body's visible parts into a message, new or edited."""
    data = message.data
    if "content" in body:
        data["content"] = str(body["content"] or "").strip()
    named = _attach(world, message, body, files, base_url=base_url)
    if "embeds" in body:
        data["embeds"] = [_embed(e, named) for e in body["embeds"] or []]
    if "components" in body:
        data["components"] = _components(world, body["components"] or [], named)
    if "flags" in body and body["flags"] is not None:
        settable = m.SUPPRESS_EMBEDS | m.COMPONENTS_V2
        data["flags"] = data["flags"] | (int(body["flags"]) & settable)
    if not {"content", "components"} & body.keys() and replied_to is None:
        return
    guild = world.guilds.get(message.guild_id) if message.guild_id else None
    text = "\n".join([data["content"], *_texts(data["components"])])
    pings = mentions.read(
        text,
        body.get("allowed_mentions"),
        guild,
        may_mention_all=bool(rules.permissions & P.MENTION_EVERYONE),
        replied_to=replied_to,
    )
    data["mentions"] = [world.users[i].data for i in pings.users if i in world.users]
    data["mention_roles"] = [str(i) for i in pings.roles]
    data["mention_everyone"] = pings.everyone


def _attach(world: World, message: m.Message, body: Json, files: list[Upload], *, base_url: str) -> dict[str, str]:
    """Store uploads and keep or drop old attachments; file names with their addresses."""
    described = {str(a.get("id")): a for a in body.get("attachments") or []}
    kept = message.data["attachments"]
    if "attachments" in body:
        kept = [a for a in kept if a["id"] in described]
    for upload in files:
        file_id = world.new_id()
        said = described.get(upload.number, {})
        name = "".join(c if c.isalnum() or c in "._-" else "_" for c in said.get("filename") or upload.name)
        url = f"{base_url}/attachments/{message.channel_id}/{file_id}/{name}"
        data: Json = {
            "id": str(file_id),
            "filename": name,
            "size": len(upload.body),
            "url": url,
            "proxy_url": url,
            "content_type": upload.content_type,
        }
        if said.get("description"):
            data["description"] = said["description"]
        if message.ephemeral:
            data["ephemeral"] = True
        if upload.content_type == "image/png" and upload.body[:8] == b"\x89PNG\r\n\x1a\n":
            data["width"] = int.from_bytes(upload.body[16:20])
            data["height"] = int.from_bytes(upload.body[20:24])
        world.store_file(m.StoredFile(file_id, message.channel_id, name, upload.content_type, upload.body, data))
        kept = [*kept, data]
    message.data["attachments"] = kept
    return {a["filename"]: a["url"] for a in kept}


def _resolved(media: Json, named: dict[str, str]) -> Json:
    """A picture's or file's reference with its address; uploads are named attachment://name."""
    url = str(media.get("url") or "")
    if url.startswith("attachment://"):
        url = named.get(url.removeprefix("attachment://"), url)
    return {**media, "url": url, "proxy_url": url}


def _embed(embed: Json, named: dict[str, str]) -> Json:
    shown = {k: v for k, v in embed.items() if v not in (None, "", [], {})}
    shown["type"] = "rich"
    for key in ("image", "thumbnail"):
        if key in shown:
            shown[key] = _resolved(shown[key], named) | {"width": 0, "height": 0}
    if "fields" in shown:
        shown["fields"] = [{"inline": False, **f} for f in shown["fields"]]
    for key in ("title", "description"):
        if key in shown:
            shown[key] = str(shown[key]).strip()
    return shown


# What Discord adds to components that leave it out.
_DEFAULTS: Final[dict[int, tuple[tuple[str, object], ...]]] = {
    check_components.CONTAINER: (("accent_color", None), ("spoiler", False)),
    check_components.THUMBNAIL: (("description", None), ("spoiler", False)),
    check_components.FILE: (("spoiler", False), ("name", None), ("size", None)),
    check_components.SEPARATOR: (("divider", True), ("spacing", 1)),
    **dict.fromkeys(check_components.SELECTS, (("min_values", 1), ("max_values", 1))),
}


def _components(world: World, nodes: list[Json], named: dict[str, str]) -> list[Json]:
    """A copy with ids numbered as Discord numbers them and attachment addresses filled in."""
    tree: list[Json] = copy.deepcopy(nodes)
    serial = 0

    def walk(node: Any) -> None:
        nonlocal serial
        if isinstance(node, list):
            for child in node:
                walk(child)
            return
        serial += 1
        node["id"] = node.get("id") or serial
        for key, default in _DEFAULTS.get(node["type"], ()):
            node.setdefault(key, default)
        component_tree.text_ids(node)
        for key in ("components", "accessory", "component"):
            if node.get(key):
                walk(node[key])
        for key in ("media", "file"):
            if node.get(key):
                node[key] = {"id": str(world.new_id()), **_resolved(node[key], named)}
        for item in node.get("items") or []:
            item["media"] = {"id": str(world.new_id()), **_resolved(item["media"], named)}
            item.setdefault("description", None)
            item.setdefault("spoiler", False)

    walk(tree)
    return tree


def _texts(nodes: list[Json]) -> list[str]:
    found: list[str] = []
    for node in nodes:
        if node["type"] == check_components.TEXT:
            found.append(str(node["content"]))
        found += _texts(node.get("components") or [])
    return found
