"""Finding and filling components in the nested JSON of messages and modals, as a person does with eyes and hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.preview.check_components import BUTTON, SELECTS, TEXT_INPUT
from bot.preview.command_use import UseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.preview.wire import Json


def nodes(components: list[Json]) -> Iterator[Json]:
    """All components of a tree, outermost first."""
    for node in components:
        yield node
        yield from nodes(node.get("components") or [])
        for key in ("component", "accessory"):
            if node.get(key):
                yield from nodes([node[key]])


def text_ids(node: Json) -> None:
    """Write the ids a menu begins with as text, as Discord does; a page would round them as numbers."""
    for chosen in node.get("default_values") or []:
        chosen["id"] = str(chosen["id"])


def custom_ids(components: list[Json]) -> Iterator[str]:
    return (str(n["custom_id"]) for n in nodes(components) if n.get("custom_id"))


def component(components: list[Json], kind: int, name: str | None) -> Json | None:
    """The button or select of that custom_id; else the button of that label; else, for None, the only select."""
    found = [n for n in nodes(components) if n.get("custom_id") and n["type"] in (BUTTON, *SELECTS)]
    wanted = [n for n in found if n["type"] == kind or (kind == 0 and n["type"] in SELECTS)]
    for node in wanted:
        if name is None or node["custom_id"] == name:
            return node
    return next((n for n in wanted if n.get("label") == name), None)


def filled(node: Json, fields: dict[str, Any]) -> Json:
    """A modal's component as its answer: text inputs with `value`, selects with `values`."""
    made: Json = {"type": node["type"], "id": node.get("id", 0)}
    if "components" in node:
        made["components"] = [filled(c, fields) for c in node["components"]]
    elif "component" in node:
        made["component"] = filled(node["component"], fields)
    elif node.get("custom_id"):
        made["custom_id"] = node["custom_id"]
        given = fields.get(node["custom_id"])
        if node["type"] in (TEXT_INPUT, 21, 23):
            made["value"] = given if given is not None else node.get("value") or ("" if node["type"] == 4 else None)
        else:
            preset = [o["value"] for o in node.get("options") or [] if o.get("default")]
            preset += [str(chosen["id"]) for chosen in node.get("default_values") or []]
            made["values"] = [str(getattr(v, "id", v)) for v in given] if given is not None else preset
    return made


def check_modal(asked: list[Json], given: list[Json]) -> None:
    answers = {n["custom_id"]: n for n in nodes(given) if n.get("custom_id")}
    for node in nodes(asked):
        name = node.get("custom_id")
        if not name:
            continue
        answer = answers.get(name)
        if answer is None:
            raise UseError(f"The field {name!r} is missing.")
        if node["type"] == TEXT_INPUT:
            text = str(answer.get("value") or "")
            low, high = node.get("min_length") or 0, node.get("max_length") or 4000
            if not text and node.get("required", True):
                raise UseError("This field is required.")
            if text and not low <= len(text) <= high:
                raise UseError(f"Between {low} and {high} characters, please.")
        elif not _fits(node, answer.get("values") or []):
            raise UseError("Choose from the list, as many as the field takes.")
        elif node.get("required", True) and not answer.get("values") and answer.get("value") is None:
            raise UseError("This field is required.")


def _fits(node: Json, values: list[str]) -> bool:
    """Are chosen values, when there are any, as many as the field takes, and among its options?"""
    if not values:
        return True
    known = {o["value"] for o in node.get("options") or []}
    enough = (node.get("min_values") or 0) <= len(values) <= (node.get("max_values") or 1)
    return enough and (not known or set(values) <= known)
