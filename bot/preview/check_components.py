"""What Discord refuses in message components and modals, of the first kind (rows) and the second (containers, text …).

Limits: docs, Components → Component Reference, and Interactions → Receiving and Responding ("Modal").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview import check_message

if TYPE_CHECKING:
    from bot.preview.wire import Form, Json

ROW, BUTTON, SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS: Final = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL, UPLOAD = 9, 10, 11, 12, 13, 14, 17, 18, 19
RADIO, CHECKBOXES, CHECKBOX = 21, 22, 23
MAX_V1_ROWS: Final = 5
MAX_V2: Final = 40
MAX_V2_TEXT: Final = 4000
_TOP_V2: Final = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
_IN_CONTAINER: Final = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
_IN_LABEL: Final = (TEXT_INPUT, *SELECTS, UPLOAD, RADIO, CHECKBOXES, CHECKBOX)
_MEDIA: Final = ("http", "https", "attachment")
Path = tuple[str | int, ...]


class _Walk:
    """One pass over a tree: counts, texts, and custom ids seen so far."""

    def __init__(self, form: Form, *, modal: bool = False) -> None:
        self.form = form
        self.modal = modal
        self.count = 0
        self.text = 0
        self.custom_ids: set[str] = set()
        self.ids: set[int] = set()

    def node(self, path: Path, node: object, allowed: tuple[int, ...]) -> None:
        """Check one component and what it holds; `allowed` are the types that may stand here."""
        self.count += 1
        kind = node.get("type") if isinstance(node, dict) else None
        if not isinstance(node, dict) or kind not in allowed:
            self.form.choice((*path, "type"), f"({', '.join(map(str, allowed))})")
            return
        number = node.get("id")
        if number:
            if number in self.ids:
                self.form.add((*path, "id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
            self.ids.add(number)
        if kind == ROW:
            self._row(path, node)
        elif kind == BUTTON:
            self._button(path, node)
        elif kind in SELECTS:
            self._select(path, node)
        elif kind == TEXT_INPUT:
            self._input(path, node)
        elif kind in (UPLOAD, RADIO, CHECKBOXES, CHECKBOX):
            self._field(path, node)
        else:
            self._layout(path, node)

    def children(self, path: Path, node: Json, allowed: tuple[int, ...], low: int, high: int) -> None:
        held = node.get("components")
        if not isinstance(held, list) or not low <= len(held) <= high:
            self.form.bad_length((*path, "components"), low, high)
            return
        for i, child in enumerate(held):
            self.node((*path, "components", i), child, allowed)

    def custom_id(self, path: Path, node: Json) -> None:
        value = node.get("custom_id")
        if not self.form.text((*path, "custom_id"), value if value is not None else "", 1, 100):
            return
        assert isinstance(value, str)
        if value in self.custom_ids:
            self.form.add(
                (*path, "custom_id"),
                "COMPONENT_CUSTOM_ID_DUPLICATED",
                "Component custom id cannot be duplicated",
            )
        self.custom_ids.add(value)

    def _row(self, path: Path, node: Json) -> None:
        allowed = (TEXT_INPUT,) if self.modal else (BUTTON, *SELECTS)
        self.children(path, node, allowed, 1, 1 if self.modal else 5)
        held = [c for c in node.get("components") or [] if isinstance(c, dict)]
        if len(held) > 1 and any(c.get("type") in SELECTS for c in held):
            self.form.add(
                (*path, "components"),
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )

    def _button(self, path: Path, node: Json) -> None:
        style = node.get("style")
        if style not in (1, 2, 3, 4, 5, 6):
            self.form.choice((*path, "style"), "(1, 2, 3, 4, 5, 6)")
            return
        label = node.get("label")
        if label is not None:
            self.form.text((*path, "label"), label, 0, 80)
        if not label and not node.get("emoji") and style != 6:
            self.form.add((*path, "label"), "BUTTON_COMPONENT_LABEL_REQUIRED", "A label or emoji is required")
        if style == 5:
            if node.get("custom_id"):
                self.form.add(
                    (*path, "custom_id"),
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                )
            if node.get("url"):
                check_message.link(self.form, (*path, "url"), node["url"], ("http", "https", "discord"))
                if len(str(node["url"])) > 512:
                    self.form.too_long((*path, "url"), 512)
            else:
                self.form.add((*path, "url"), "BUTTON_COMPONENT_URL_REQUIRED", "A url is required")
        elif style == 6:  # leads to something for sale, and shows that thing's name
            if not node.get("sku_id"):
                self.form.add((*path, "sku_id"), "BASE_TYPE_REQUIRED", "This field is required")
            for name in ("custom_id", "label", "url", "emoji"):
                if node.get(name) is not None:
                    self.form.add((*path, name), "BASE_TYPE_BAD_CHOICE", f"A premium button has no {name}")
        else:
            if node.get("url"):
                self.form.add((*path, "url"), "BUTTON_COMPONENT_URL_NOT_ALLOWED", "A url cannot be specified")
            self.custom_id(path, node)

    def _select(self, path: Path, node: Json) -> None:
        self.custom_id(path, node)
        if node.get("placeholder") is not None:
            self.form.text((*path, "placeholder"), node["placeholder"], 0, 150)
        low, high = node.get("min_values", 1), node.get("max_values", 1)
        if not (isinstance(low, int) and isinstance(high, int) and 0 <= low <= 25 and 1 <= high <= 25 and low <= high):
            self.form.add(
                (*path, "max_values"), "NUMBER_TYPE_MIN", "min_values and max_values must be 0 to 25, in order."
            )
        if node["type"] != SELECT:
            return
        options = node.get("options")
        if not isinstance(options, list) or not 1 <= len(options) <= 25:
            self.form.bad_length((*path, "options"), 1, 25)
            return
        if isinstance(high, int) and high > len(options):
            self.form.add(
                (*path, "options"), "SELECT_COMPONENT_MAX_VALUES_TOO_LARGE", "max_values exceeds the number of options"
            )
        values: set[str] = set()
        for i, option in enumerate(options):
            where = (*path, "options", i)
            self.form.text((*where, "label"), option.get("label") or "", 1, 100)
            if self.form.text((*where, "value"), option.get("value") or "", 1, 100):
                if option["value"] in values:
                    self.form.add(
                        (*where, "value"),
                        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                        "The specified option value is already used",
                    )
                values.add(option["value"])
            if option.get("description") is not None:
                self.form.text((*where, "description"), option["description"], 0, 100)

    def _input(self, path: Path, node: Json) -> None:
        self.custom_id(path, node)
        if node.get("style") not in (1, 2):
            self.form.choice((*path, "style"), "(1, 2)")
        if path[-1] != "component":  # in a row the input carries its own label
            self.form.text((*path, "label"), node.get("label") or "", 1, 45)
        for key, limit in (("placeholder", 100), ("value", 4000)):
            if node.get(key) is not None:
                self.form.text((*path, key), node[key], 0, limit)
        low, high = node.get("min_length") or 0, node.get("max_length") or 4000
        if not 0 <= low <= 4000 or not 1 <= high <= 4000 or low > high:
            self.form.add(
                (*path, "max_length"), "NUMBER_TYPE_MAX", "min_length and max_length must be 0 to 4000, in order."
            )

    def _field(self, path: Path, node: Json) -> None:
        self.custom_id(path, node)
        if node["type"] in (RADIO, CHECKBOXES):
            low = 2 if node["type"] == RADIO else 1
            options = node.get("options")
            if not isinstance(options, list) or not low <= len(options) <= 10:
                self.form.bad_length((*path, "options"), low, 10)

    def _layout(self, path: Path, node: Json) -> None:
        kind = node["type"]
        if kind == TEXT:
            if self.form.text((*path, "content"), node.get("content") or "", 1, MAX_V2_TEXT):
                self.text += len(node["content"])
        elif kind == SECTION:
            self.children(path, node, (TEXT,), 1, 3)
            self.node((*path, "accessory"), node.get("accessory"), (BUTTON, THUMBNAIL))
        elif kind == CONTAINER:
            self.children(path, node, _IN_CONTAINER, 1, MAX_V2)
        elif kind == GALLERY:
            items = node.get("items")
            if not isinstance(items, list) or not 1 <= len(items) <= 10:
                self.form.bad_length((*path, "items"), 1, 10)
                return
            for i, item in enumerate(items):
                self._media((*path, "items", i), item, "media")
        elif kind == THUMBNAIL:
            self._media(path, node, "media")
        elif kind == FILE:
            url = (node.get("file") or {}).get("url")
            check_message.link(self.form, (*path, "file", "url"), url or "", ("attachment",))
        elif kind == SEPARATOR and node.get("spacing", 1) not in (1, 2):
            self.form.choice((*path, "spacing"), "(1, 2)")
        elif kind == LABEL:
            self.form.text((*path, "label"), node.get("label") or "", 1, 45)
            if node.get("description") is not None:
                self.form.text((*path, "description"), node["description"], 0, 100)
            self.node((*path, "component"), node.get("component"), _IN_LABEL)

    def _media(self, path: Path, node: Json, key: str) -> None:
        url = (node.get(key) or {}).get("url")
        check_message.link(self.form, (*path, key, "url"), url or "", _MEDIA)
        if node.get("description") is not None:
            self.form.text((*path, "description"), node["description"], 0, 1024)


def message(form: Form, value: object, *, v2: bool) -> None:
    """The `components` of a message."""
    if value is None:
        return
    if not isinstance(value, list):
        form.add(("components",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if len(value) > (MAX_V2 if v2 else MAX_V1_ROWS):
        form.bad_length(("components",), 1, MAX_V2 if v2 else MAX_V1_ROWS)
        return
    walk = _Walk(form)
    for i, node in enumerate(value):
        walk.node(("components", i), node, _TOP_V2 if v2 else (ROW,))
    if v2 and walk.count > MAX_V2:
        form.add(
            ("components",),
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"The total number of components exceeds {MAX_V2}.",
        )
    if v2 and walk.text > MAX_V2_TEXT:
        form.add(
            ("components",),
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"The total length of displayable text exceeds {MAX_V2_TEXT}.",
        )


def modal(form: Form, data: Json) -> None:
    """The data of a modal callback: title, custom_id, one to five components."""
    form.text(("data", "title"), data.get("title") or "", 1, 45)
    form.text(("data", "custom_id"), data.get("custom_id") or "", 1, 100)
    held = data.get("components")
    if not isinstance(held, list) or not 1 <= len(held) <= 5:
        form.bad_length(("data", "components"), 1, 5)
        return
    walk = _Walk(form, modal=True)
    for i, node in enumerate(held):
        walk.node(("data", "components", i), node, (ROW, LABEL, TEXT))
