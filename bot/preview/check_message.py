"""What Discord refuses in a message: lengths, embeds, links, mentions, attachments.

Limits: docs, Resources → Message ("Embed Limits", "Create Message"). Components have their own file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bot.preview import model as m
from bot.preview.wire import Form, Json, as_id

if TYPE_CHECKING:
    from collections.abc import Collection

CONTENT: Final = 2000
EMBEDS: Final = 10
EMBED_TOTAL: Final = 6000
NONCE: Final = 25
FILES: Final = 10
FILE_BYTES: Final = 10 * 1024 * 1024
Path = tuple[str | int, ...]

_SCHEMES: Final = ("http", "https")
_MEDIA_SCHEMES: Final = ("http", "https", "attachment")


def link(form: Form, path: Path, value: object, schemes: Collection[str] = _SCHEMES) -> None:
    """A link of an allowed scheme, at most 2048 characters, with a host."""
    if not form.text(path, value, 1, 2048):
        return
    assert isinstance(value, str)
    scheme, _, rest = value.partition("://")
    if not rest and ":" in value:
        scheme = value.partition(":")[0]
    if ":" in value and scheme.lower() not in schemes:
        form.add(
            path,
            "URL_TYPE_INVALID_SCHEME",
            f'Scheme "{scheme.lower()}" is not supported. Scheme must be one of {tuple(schemes)}.',
        )
        return
    try:
        host = urlsplit(value).hostname
    except ValueError:
        host = None
    if not rest or not host or any(c.isspace() for c in value):
        form.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def embeds(form: Form, value: object) -> None:
    """At most ten embeds, each within its limits, 6000 characters in all of them together."""
    if value is None:
        return
    if not isinstance(value, list):
        form.add(("embeds",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if len(value) > EMBEDS:
        form.too_long(("embeds",), EMBEDS)
        return
    total = 0
    for i, embed in enumerate(value):
        if not isinstance(embed, dict):
            form.add(("embeds", i), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
            continue
        total += _embed(form, ("embeds", i), embed)
    if total > EMBED_TOTAL and not form.errors:
        last = len(value) - 1
        form.add(
            ("embeds", last),
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {EMBED_TOTAL}",
        )


def _embed(form: Form, path: Path, embed: Json) -> int:
    """Check one embed; the characters that count towards the total."""
    total = 0
    for key, limit in (("title", 256), ("description", 4096)):
        if embed.get(key) is not None and form.text((*path, key), embed[key], 0, limit):
            total += len(embed[key])
    for key, name, limit in (("footer", "text", 2048), ("author", "name", 256)):
        part = embed.get(key)
        if part is None:
            continue
        if form.text((*path, key, name), part.get(name), 1, limit):
            total += len(part[name])
        if part.get("icon_url"):
            link(form, (*path, key, "icon_url"), part["icon_url"], _MEDIA_SCHEMES)
        if part.get("url"):
            link(form, (*path, key, "url"), part["url"])
    if embed.get("url"):
        link(form, (*path, "url"), embed["url"])
    for key in ("image", "thumbnail"):
        if embed.get(key) and embed[key].get("url"):
            link(form, (*path, key, "url"), embed[key]["url"], _MEDIA_SCHEMES)
    color = embed.get("color")
    if color is not None and not (isinstance(color, int) and 0 <= color <= 0xFFFFFF):
        form.add((*path, "color"), "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
    total += _fields(form, path, embed.get("fields") or [])
    shown = ("title", "description", "fields", "footer", "author", "image", "thumbnail", "video", "url")
    if not any(embed.get(k) for k in shown):
        form.required((*path, "description"))
    return total


def _fields(form: Form, path: Path, fields: list[Any]) -> int:
    total = 0
    if len(fields) > 25:
        form.too_long((*path, "fields"), 25)
        return 0
    for j, item in enumerate(fields):
        for key, limit in (("name", 256), ("value", 1024)):
            if form.text((*path, "fields", j, key), item.get(key) or "", 1, limit):
                total += len(item[key])
    return total


def allowed_mentions(form: Form, value: object) -> None:
    """`parse`, `users`, `roles`: known words, at most 100 ids, and no overlap between a word and its list."""
    if value is None:
        return
    if not isinstance(value, dict):
        form.add(("allowed_mentions",), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return
    parse = value.get("parse") or []
    for key in ("parse", "users", "roles"):
        named = value.get(key) or []
        if len({str(x) for x in named}) < len(named):
            form.add(
                ("allowed_mentions", key), "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value"
            )
    for i, word in enumerate(parse):
        if word not in ("roles", "users", "everyone"):
            form.choice(("allowed_mentions", "parse", i), "('everyone', 'roles', 'users')")
    for key in ("users", "roles"):
        ids = value.get(key) or []
        if len(ids) > 100:
            form.too_long(("allowed_mentions", key), 100)
        if any(not as_id(i) for i in ids):
            form.add(("allowed_mentions", key), "NUMBER_TYPE_COERCE", "Value is not snowflake.")
        if ids and key in parse:
            form.add(
                ("allowed_mentions",),
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.',
            )


def files(form: Form, attachments: object, uploaded: Collection[str]) -> None:
    """The `attachments` list names each upload once, by its number."""
    if attachments is None:
        return
    if not isinstance(attachments, list):
        form.add(("attachments",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if len(attachments) > FILES:
        form.too_long(("attachments",), FILES)
    for i, item in enumerate(attachments):
        known = isinstance(item, dict) and item.get("id") is not None
        small = known and as_id(item["id"]) < 1000  # an upload's number; larger ones are kept attachments
        if not known or (small and str(item["id"]) not in uploaded):
            form.add(("attachments", i, "id"), "ATTACHMENT_NOT_FOUND", "Attachment data not found")
        elif item.get("description"):
            form.text(("attachments", i, "description"), item["description"], 0, 1024)


def content(form: Form, value: object) -> None:
    if value is not None:
        form.text(("content",), value, 0, CONTENT)


def nonce(form: Form, value: object) -> None:
    """A string of at most 25 characters or an integer."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return
    form.text(("nonce",), value, 0, NONCE)


def flags(form: Form, value: object, *, ephemeral_allowed: bool) -> None:
    """Only the flags a bot may set."""
    if value is None:
        return
    may = m.SUPPRESS_EMBEDS | m.SUPPRESS_NOTIFICATIONS | m.COMPONENTS_V2
    if ephemeral_allowed:
        may |= m.EPHEMERAL
    if not isinstance(value, int) or value & ~may:
        form.add(("flags",), "BITFIELD_FLAGS_UNKNOWN", "Unknown or not permitted message flags.")
