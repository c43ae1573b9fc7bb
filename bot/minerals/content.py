"""What a page of the reference is made of, and the two ways to write it: Discord's Markdown and plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.delivery.markdown import escape
from bot.i18n import _, ngettext
from bot.minerals import wording

if TYPE_CHECKING:
    from bot.minerals.model import Source

_SHOWN_RUNS: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One statement: a label (may be empty) and its text, both plain. sub: set smaller, for remarks."""

    label: str
    text: str
    sub: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page: title, lines, and the sources of every figure in them. Plain text throughout."""

    title: str
    lines: tuple[Line, ...]
    sources: tuple[Source, ...] = ()


def as_markdown(page: Page) -> str:
    """The page for a text display."""
    out = [f"## {escape(page.title)}"]
    for line in page.lines:
        label = f"**{escape(line.label)}**"
        body = wording.labelled(label, escape(line.text)) if line.label else escape(line.text)
        out.append(f"-# {body}" if line.sub else body)
    out += [f"-# {_source(source, lines, link=True)}" for source, lines in wording.lines_of(list(page.sources))]
    return "\n".join(out)


def as_text(page: Page) -> str:
    """The page for a terminal."""
    out = [page.title, "=" * len(page.title)]
    out += [wording.labelled(line.label, line.text) if line.label else line.text for line in page.lines]
    out += [_source(source, lines, link=False) for source, lines in wording.lines_of(list(page.sources))]
    return "\n".join(out)


def _source(source: Source, lines: tuple[int, ...], *, link: bool) -> str:
    title = f"[{escape(source.title)}](<{source.url}>)" if link else f"{source.title} <{source.url}>"
    text = _("Source: {title}").format(title=title)
    if not lines:
        return text
    runs = _runs(lines)
    shown = ", ".join(runs[:_SHOWN_RUNS]) + (" …" if len(runs) > _SHOWN_RUNS else "")
    return text + ngettext(", line {lines}", ", lines {lines}", len(lines)).format(lines=shown)


def _runs(lines: tuple[int, ...]) -> list[str]:
    """Sorted line numbers with neighbours joined: 7, 8, 9, 12 → "7–9", "12"."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
