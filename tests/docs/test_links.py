"""Links inside the documentation lead somewhere: files, headings, pictures with words for those who do not see them."""

from __future__ import annotations

import re

from tests.docs.reading import ROOT, Page, pages

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """The names GitHub gives headings."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def faults(one: Page) -> list[str]:
    wrong = []
    for picture, words, target in _LINK.findall(one.text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / one.name).parent / path if path else ROOT / one.name
        if not file.exists():
            wrong.append(f"{target} is not there")
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            wrong.append(f"{target} has no such heading")
        if picture and not words.strip():
            wrong.append(f"{target} has no description")
    return wrong


def test_every_link_and_picture_is_there() -> None:
    found = {one.name: wrong for one in pages() if (wrong := faults(one))}
    assert not found


def test_every_picture_is_shown_and_every_page_is_reached() -> None:
    text = "".join(one.text for one in pages())
    assert [file.name for file in (ROOT / "docs").glob("*/*.png") if file.name not in text] == []
    assert [one.name for one in pages() if one.name.startswith("docs/") and one.name.split("/")[1] not in text] == []
