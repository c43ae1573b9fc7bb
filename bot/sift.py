"""What of the entries that polls brought is new, and what is a correction of something stored.

It looks up what is stored of them and has `feeds.identity` judge; storing is for `bot.ingest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.breath import Breath
from bot.feeds import identity
from bot.fresh import fresh_entry
from bot.reading import kind_of
from storage import entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.fresh import Fresh
    from bot.reading import Reading
    from storage.records import KnownEntry


async def sift(
    connection: AsyncConnection, readings: Sequence[Reading]
) -> tuple[list[Fresh], list[tuple[Reading, identity.Edited[KnownEntry]]]]:
    """Which entries are new and which were corrected; new ones are tagged."""
    kinds: dict[int, identity.Kind] = {}
    identities: list[tuple[int, str]] = []
    links: list[tuple[int, str]] = []
    breath = Breath()
    for reading in readings:
        if reading.parsed is None or not reading.parsed.entries:
            continue
        feed_id = reading.feed.id
        kind = kind_of(reading)
        kinds[feed_id] = kind
        wanted, keys = identity.lookup_keys(kind, reading.parsed.entries)
        identities += [(feed_id, one) for one in wanted]
        links += [(feed_id, one) for one in keys]
        await breath.between()
    known = await _known(connection, readings, kinds, identities, links)
    fresh: list[Fresh] = []
    corrections: list[tuple[Reading, identity.Edited[KnownEntry]]] = []
    pieces: list[tuple[int, str]] = []
    for reading in readings:
        if reading.feed.id not in kinds or reading.parsed is None:
            continue
        decisions = identity.decide(
            kinds[reading.feed.id],
            known.get(reading.feed.id, []),
            reading.parsed.entries,
            present=reading.parsed.pieces,
        )
        for decision in decisions:
            if isinstance(decision, identity.New):
                fresh.append(fresh_entry(reading, decision))
                await breath.between()
            elif isinstance(decision, identity.Edited):
                corrections.append((reading, decision))
            elif decision.known and decision.entry.piece and decision.known.piece != decision.entry.piece:
                pieces.append((decision.known.id, decision.entry.piece))
    await entries.set_pieces(connection, pieces)
    return fresh, corrections


async def _known(
    connection: AsyncConnection,
    readings: Sequence[Reading],
    kinds: Mapping[int, identity.Kind],
    identities: Sequence[tuple[int, str]],
    links: Sequence[tuple[int, str]],
) -> dict[int, list[KnownEntry]]:
    """feed id → its stored entries that these readings may repeat or correct."""
    found: dict[int, list[KnownEntry]] = {}
    for row in await entries.known(connection, identities, links):
        found.setdefault(row.feed_id, []).append(row)
    further: list[tuple[int, str]] = []
    for reading in readings:
        if reading.parsed is not None and (kind := kinds.get(reading.feed.id)) is not None:
            own = found.get(reading.feed.id, [])
            keys = identity.further_keys(kind, own, reading.parsed.entries)
            further += [(reading.feed.id, one) for one in keys]
    if further:
        held = {row.id for rows in found.values() for row in rows}
        for row in await entries.known(connection, further, ()):
            if row.id not in held:
                found.setdefault(row.feed_id, []).append(row)
    return found
