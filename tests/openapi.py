"""Discord's published API description: what it says of requests and answers, and what is wrong with one."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema

from tests.corpus import shared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.preview.http import RequestRecord


@cache
def spec() -> dict[str, Any]:
    return dict(json.loads(shared("discord", "openapi.json").read_text()))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        node: Any = spec()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def branch(schema: dict[str, Any], value: Any) -> dict[str, Any]:
    """The branch of a union that `type` names, so that a fault is told of where it is."""
    schema = resolved(schema)
    options = schema.get("oneOf") or schema.get("anyOf")
    if not options or not isinstance(value, dict) or "type" not in value:
        return schema
    for one in options:
        kind = resolved(one).get("properties", {}).get("type")
        kind = resolved(kind) if kind else {}
        names = kind.get("enum") or [kind.get("const"), *(resolved(x).get("const") for x in kind.get("oneOf", ()))]
        if value["type"] in names:
            return resolved(one)
    return schema


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What the description finds wrong with a value."""
    if isinstance(value, list) and "items" in resolved(schema):
        items = resolved(schema)["items"]
        return [f"[{i}]{fault}" for i, x in enumerate(value) for fault in faults(items, x)]
    whole = {"components": spec()["components"], **branch(schema, value)}
    found = jsonschema.Draft202012Validator(whole).iter_errors(value)
    return [f"{e.json_path}: {e.message[:300]}" for e in found]


@cache
def operation(method: str, path: str) -> dict[str, Any]:
    """What the description says of a method and a path without the query. Fails when it has no such path."""
    best: list[tuple[int, dict[str, Any]]] = []
    for template, methods in spec()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in methods:
            best.append((template.count("{"), methods[method.lower()]))
    assert best, f"the description has no {method} {path}"
    return min(best, key=lambda b: b[0])[1]


def answer_schema(method: str, path: str, status: int) -> dict[str, Any] | None:
    """The schema of an answer; None when the description has none for that status."""
    answers = operation(method, path.split("?")[0])["responses"]
    found = resolved(answers.get(str(status)) or answers.get("4XX") or {})
    schema = found.get("content", {}).get("application/json", {}).get("schema")
    return dict(schema) if schema else None


def request_schema(method: str, path: str) -> dict[str, Any] | None:
    """The schema of a request's JSON body; None when it takes none."""
    content = resolved(operation(method, path).get("requestBody", {})).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return dict(schema) if schema else None


def _described(body: Any) -> Any:
    """A body without what Discord's docs have and its description has not (yet)."""
    if isinstance(body, list):
        return [_described(one) for one in body]
    if not isinstance(body, dict):
        return body
    changed = {key: _described(value) for key, value in body.items()}
    if "channel_types" in body:  # docs, Channel Types: 16 is a media channel
        changed["channel_types"] = [kind for kind in body["channel_types"] if kind != 16]
    if isinstance(body.get("attachments"), list):  # docs, Uploading Files: files[n] is referred to by the number n
        changed["attachments"] = [{**one, "id": str(one["id"])} for one in body["attachments"]]
    return changed


def request_faults(requests: Iterable[RequestRecord]) -> list[str]:
    """What Discord's description finds wrong with requests the bot made."""
    found = []
    for one in requests:
        path = one.path.removeprefix("/api/v10")
        schema = request_schema(one.method, path)
        if one.body is None:
            continue
        assert schema is not None, f"{one.method} {path} takes no body"
        found += [f"{one.method} {one.route}: {fault}" for fault in faults(schema, _described(one.body))]
    return found
