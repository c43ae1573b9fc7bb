"""`headframe mineral NAME` and `headframe minerals`: the cards and lists as plain text on standard output.

The reference itself is imported when a command runs, so that other commands start at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bot.minerals.model import MineralsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register both commands; each sets `handler`, a function from the parsed arguments to the exit status."""
    summary = "what the reference says about one mineral"
    one = subparsers.add_parser("mineral", help=summary, description=summary)
    one.add_argument("name", nargs="+", metavar="NAME", help="a name, symbol or synonym: lithium, Pt, wolfram")
    one.add_argument(
        "--page", choices=("overview", "supply", "policy", "market", "all"), default="all", help="part of the card"
    )
    one.set_defaults(handler=_guarded(show))
    summary = "critical lists, categories, comparisons and the risk ranking"
    many = subparsers.add_parser("minerals", help=summary, description=summary)
    many.add_argument("--list", metavar="LIST", help="members of a list: us-2025, canada-2024 … (see --lists)")
    many.add_argument("--against", metavar="LIST", help="with --list: what changed between the two lists")
    many.add_argument("--category", metavar="NAME", help="only this category: pgm, battery, rare_earths …")
    many.add_argument("--lists", action="store_true", help="name the lists and categories")
    many.add_argument("--risk", action="store_true", help="rank by US import reliance and concentration of supply")
    many.set_defaults(handler=_guarded(show_many))


def _guarded(command: Callable[[argparse.Namespace], str]) -> Callable[[argparse.Namespace], int]:
    """Print what the command says; status 2 and one sentence on standard error for a name that is not known."""

    def handler(arguments: argparse.Namespace) -> int:
        try:
            text = command(arguments)
        except MineralsError as error:
            sys.stderr.write(f"headframe: {error}\n")
            return 2
        sys.stdout.write(text + "\n")
        return 0

    return handler


def show(arguments: argparse.Namespace) -> str:
    """`headframe mineral NAME`."""
    from bot.minerals import pages, search
    from bot.minerals.catalogue import load
    from bot.minerals.content import as_text
    from bot.minerals.policy_page import policy_page

    typed = " ".join(arguments.name)
    book, hit = load(), search.hit(typed)
    mineral = hit.mineral
    if hit.score < 100:  # the card of another name than was typed: say so, apart from the data
        sys.stderr.write(f"{typed} → {hit.via}\n")
    built = {
        "overview": lambda: pages.overview(book, mineral),
        "supply": lambda: pages.supply_page(mineral),
        "policy": lambda: policy_page(book, mineral),
        "market": lambda: pages.market_page(mineral),
    }
    wanted = list(built) if arguments.page == "all" else [arguments.page]
    return "\n\n".join(as_text(built[name]()) for name in wanted)


def show_many(arguments: argparse.Namespace) -> str:
    """`headframe minerals`."""
    from bot.minerals import tables
    from bot.minerals.catalogue import load
    from bot.minerals.content import as_text

    book = load()
    if arguments.lists:
        named = [tables.list_titles(book), tables.group_titles(book)]
        return "\n\n".join("\n".join(f"{slug:26} {title}" for slug, title in titles.items()) for titles in named)
    if arguments.risk:
        return as_text(tables.risks(book, arguments.list).whole())
    if arguments.against and not arguments.list:
        raise MineralsError("--against needs --list: the other list to compare with.")
    if arguments.against:
        return as_text(tables.editions(book, arguments.against, arguments.list).whole())
    return as_text(tables.listing(book, arguments.list, arguments.category).whole())
