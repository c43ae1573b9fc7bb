"""What an alert's `list:` cannot find, because not every entry of that list could be confirmed here. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.i18n import _
from bot.minerals.catalogue import load
from bot.news import tree

if TYPE_CHECKING:
    from bot.news.query import Query


def gaps(query: Query) -> str:
    """A sentence for each list of the query that is incomplete here, each on its line; empty when there is none."""
    text = _(
        "`list:{slug}` is incomplete here: {n} of its {size} entries could be confirmed. "
        "Headlines about the others are not found by it."
    )
    facets = {leaf.facet for leaf in tree.leaves(query.root) if isinstance(leaf, tree.Facet)}
    return "\n".join(
        text.format(slug=slug, n=len(one.members), size=one.size)
        for slug, one in load().lists.items()
        if not one.complete and f"list:{slug}" in facets
    )
