"""Adding, listing and removing a server's feeds. Reads a feed once before it is accepted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from bot.clock import utcnow
from bot.errors import UserError
from bot.feeds import directory
from bot.feeds.model import Fault, FaultKind, FeedError, Fetched, FetchRequest, ParsedFeed
from bot.feeds.reasons import reason
from bot.i18n import _, language
from bot.reading import Reading
from storage import entries, feeds
from storage import guilds as settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.services import Services
    from storage.feeds import GuildFeed
    from storage.records import Entry, Feed

log = structlog.get_logger(__name__)
_PASSING: Final = frozenset(  # what also befalls a right address
    {FaultKind.DNS, FaultKind.TLS, FaultKind.CONNECT, FaultKind.TIMEOUT, FaultKind.HTTP, FaultKind.RATE_LIMITED}
)
_PROBES: Final = 6  # addresses tried below a page that names no feed of its own


@dataclass(frozen=True, slots=True)
class Added:
    """The feed is read from now on. count: entries it holds; newest: the newest of them, counted as seen."""

    feed: Feed
    already: bool
    count: int
    newest: Entry | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A page that offers several feeds: (address, title) pairs, likeliest first."""

    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PagePreview:
    """A page without a feed that could be followed as a page: what would count as its headlines."""

    url: str
    rule: str
    headlines: tuple[tuple[str, str], ...]


class Unreadable(UserError):
    """The address does not give a feed just now."""


@dataclass(frozen=True, slots=True)
class _Read:
    fetched: Fetched
    parsed: ParsedFeed
    body_hash: str


async def add(
    services: Services,
    guild_id: int,
    address: str,
    *,
    by: int | None,
    rule: str | None = None,
    explore: bool = True,
    agent: str | None = None,
) -> Added | Choice | PagePreview:
    """Read a feed (or find the feeds of a site) and have the server read it from now on.

    That reading is the feed's first poll: validators are stored, entries count as seen, nothing is posted. With
    `explore` a page is searched for feeds. agent: the operator's User-Agent for this feed. Raises Unreadable with the
    reason in one line when it cannot be read, another UserError where the server may have no more.
    """
    url = from_directory(address) or normal(address)
    async with services.db.read() as connection:
        count = await feeds.count_of_guild(connection, guild_id)
        known = await feeds.by_url(connection, url)
    if count >= services.settings.headframe_max_feeds_per_server:
        raise UserError(
            _("This server has {n} feeds, as many as it may have. Remove one with `/feed remove` first.").format(
                n=count
            )
        )
    if known is not None and known.state == "active" and known.primed_at is not None:
        return await _join(services, guild_id, known, by)
    try:
        read = await _read(services, url, rule, agent)
    except FeedError as error:
        if error.fault.kind is FaultKind.NOT_A_FEED and explore:
            return await _explore(services, guild_id, url, by, error)
        raise Unreadable(explain(url, error.fault)) from error
    listed = directory.lookup(url)
    zone = listed.zone if listed else None
    return await _accept(services, guild_id, url, read, by=by, rule=rule, zone=zone, agent=agent)


def from_directory(text: str) -> str | None:
    """The address of the one feed of the directory that is called so; None where none or several are."""
    wanted = text.strip().casefold()
    if "." in wanted or ":" in wanted:
        return None
    found = [one for one in directory.search(text) if one.status != "dead" and one.title.casefold().startswith(wanted)]
    exact = [one for one in found if one.title.casefold() == wanted]
    return (exact or found)[0].url if len(exact or found) == 1 else None


def normal(address: str) -> str:
    """The address as it will be fetched; "mining.com/feed" becomes https. Raises UserError for what is none."""
    text = address.strip().strip("<>")
    if not text or any(ch.isspace() for ch in text) or len(text) > 2000:
        raise UserError(
            _("That is no web address. It should look like `https://www.mining.com/feed/`, or be a suggested one.")
        )
    if "://" not in text:
        text = f"https://{text}"
    if urlsplit(text).scheme.lower() not in {"http", "https"} or ("." not in text and ":" not in text.split("://")[1]):
        raise UserError(
            _("I can read http and https addresses, such as `https://www.mining.com/feed/`, or one of the suggestions.")
        )
    return text


def explain(url: str, fault: Fault) -> str:
    """One line for a moderator: what is wrong with an address and what to do, each said once.

    The detail's own advice, behind its semicolon, is for logs and the command line, where ours is not said.
    """
    hints = {
        FaultKind.BLOCKED: _("The publisher shows programs a challenge page; only the publisher can change that."),
        FaultKind.FORBIDDEN: _("The publisher refuses programs here; look for another of its feeds."),
        FaultKind.LOGIN: _("It asks for a login; only open feeds can be read."),
        FaultKind.NOT_A_FEED: _("Give the address of its RSS or Atom feed."),
        FaultKind.DNS: _("Check the address for a typing mistake."),
        FaultKind.REFUSED: _("Only addresses on the public internet can be read."),
    }
    hint = hints.get(fault.kind, _("Try again later, or open the address in a browser to see what it shows."))
    if fault.status == 404:
        hint = _("Look for its new address on the site.")
    if directory.lookup(url) and fault.kind in _PASSING:
        hint = _("It is in my directory, so this is no mistake of yours: it cannot be read just now. Try again later.")
    detail = fault.detail.partition(";")[0]
    wrong = (detail if language() == "en" else _capital(reason(fault.kind, fault.detail))).rstrip(".")
    status = f" ({fault.status})" if fault.status and f"({fault.status})" not in wrong else ""
    return f"{unread(url)} {wrong}{status}. {hint}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def unread(url: str) -> str:
    """How `explain` begins; for lists whose lines name the address already."""
    return _("I could not read {url}.").format(url=f"<{url}>")


async def _read(services: Services, url: str, rule: str | None = None, agent: str | None = None) -> _Read:
    if rule is not None and (forbidden := await services.robots.check(url)) is not None:
        raise FeedError(forbidden)
    fetched = await services.fetcher.fetch(FetchRequest(url, user_agent=agent))
    if fetched.fault is not None:
        raise FeedError(fetched.fault)
    body = fetched.body or b""
    parsed = await services.parser.parse(
        body, content_type=fetched.headers.get("content-type"), url=fetched.url, rule=rule
    )
    return _Read(fetched, parsed, hashlib.blake2b(body, digest_size=16).hexdigest())


async def peek(services: Services, url: str) -> ParsedFeed | None:
    """What a feed holds now, without keeping anything of it; None when it cannot be read."""
    try:
        return (await _read(services, url)).parsed
    except FeedError:
        return None


async def _join(services: Services, guild_id: int, feed: Feed, by: int | None) -> Added:
    now = utcnow()
    async with services.db.write() as connection:
        fresh = await feeds.link(connection, guild_id, feed.id, added_by=by, now=now)
        newest = await entries.newest_of_feed(connection, feed.id)
    return Added(feed, not fresh, 0, newest)


async def _accept(
    services: Services,
    guild_id: int,
    url: str,
    read: _Read,
    *,
    by: int | None,
    rule: str | None = None,
    zone: str | None = None,
    agent: str | None = None,
) -> Added:
    """Store the feed with what was just read as its first poll."""
    now = utcnow()
    async with services.db.write() as connection:
        feed, new = await feeds.add(
            connection,
            url,
            now=now,
            title=read.parsed.title,
            # Should this process die before the reading below is stored, the first poll is made again later.
            next_poll_at=now + timedelta(seconds=90),
            zone=zone,
            rule=rule,
        )
        fresh = await feeds.link(connection, guild_id, feed.id, added_by=by, now=now)
        if agent is not None:
            await feeds.save_many(connection, [{"id": feed.id, "user_agent": agent}])
    if new or feed.primed_at is None:
        await services.ingest.store([Reading(feed, read.fetched, now, parsed=read.parsed, body_hash=read.body_hash)])
    async with services.db.read() as connection:
        stored = await feeds.get(connection, feed.id)
        newest = await entries.newest_of_feed(connection, feed.id)
    return Added(stored or feed, not fresh, read.parsed.total, newest, read.parsed.warnings)


async def _explore(
    services: Services, guild_id: int, url: str, by: int | None, error: FeedError
) -> Added | Choice | PagePreview:
    """The address is a page: find its feeds, offer a choice, or offer to follow the page itself."""
    fetched = await services.fetcher.fetch(FetchRequest(url))
    body, content_type = fetched.body, fetched.headers.get("content-type")
    if fetched.fault is not None or body is None:
        raise UserError(explain(url, fetched.fault or error.fault)) from error
    candidates = await services.parser.discover(body, content_type=content_type, url=fetched.url)
    named = [one for one in candidates if one.how != "guessed"]
    works: list[tuple[str, str, _Read]] = []
    for candidate in [*named[:10], *(() if named else candidates[:_PROBES])]:
        try:
            read = await _read(services, candidate.url)
        except FeedError:
            continue
        works.append((candidate.url, candidate.title or read.parsed.title or candidate.url, read))
        if candidate.how == "guessed":
            break
    if len(works) == 1:
        found, _title, read = works[0]
        return await _accept(services, guild_id, found, read, by=by)
    if works:
        return Choice(tuple((found, title) for found, title, _read_ in works))
    forbidden = await services.robots.check(fetched.url)
    if forbidden is not None:
        raise UserError(explain(url, forbidden)) from error
    for proposal in (await services.parser.propose(body, content_type=content_type, url=fetched.url))[:1]:
        return PagePreview(url, proposal.rule.dumps(), tuple(proposal.preview[:5]))
    raise UserError(
        _("I found no feed at {url}: none is named on the page and none answers at the usual places.").format(
            url=f"<{url}>"
        )
        + " "
        + _("Give the feed's own address, or pick one from the directory by name.")
    ) from error


async def of_guild(services: Services, guild_id: int) -> list[GuildFeed]:
    """The server's feeds with what each brought in the last seven days."""
    async with services.db.read() as connection:
        return await feeds.of_guild(connection, guild_id, since=utcnow() - timedelta(days=7))


async def remove(services: Services, guild_id: int, feed_id: int) -> Feed:
    """Take a feed from the server. Raises UserError when it does not read it."""
    async with services.db.write() as connection:
        feed = await feeds.get(connection, feed_id)
        if feed is None or not await feeds.unlink(connection, guild_id, feed_id):
            raise UserError(_("This server does not read that feed; `/feed list` shows those it reads."))
    return feed


async def find(services: Services, guild_id: int, text: str) -> Feed:
    """One of the server's feeds by id, address or title. Raises UserError when none fits."""
    mine = await of_guild(services, guild_id)
    wanted = text.strip().casefold()
    for one in mine:
        if wanted in {str(one.feed.id), one.feed.url.casefold(), (one.feed.title or "").casefold()}:
            return one.feed
    if wanted:
        near = [one.feed for one in mine if wanted in one.feed.url.casefold()]
        if len(near) == 1:
            return near[0]
    raise UserError(_("This server does not read that feed; `/feed list` shows those it reads."))


async def give_defaults(services: Services, guild_id: int) -> None:
    """Have a server read the default feeds, or take them up again after it was left; once."""
    now = utcnow()
    async with services.db.write() as connection:
        before = await settings_of.guild(connection, guild_id)
        await settings_of.set_guild(connection, guild_id, now=now, left_at=None)
        if before.default_feeds or not services.settings.headframe_default_feeds:
            return
        ids = []
        for listed in directory.defaults():
            feed, _new = await feeds.add(connection, listed.url, now=now, title=listed.title, zone=listed.zone)
            ids.append(feed.id)
        await feeds.link_many(connection, guild_id, ids, added_by=None, now=now)
        await settings_of.set_guild(connection, guild_id, now=now, default_feeds=True)


def suggestions(text: str, known: Sequence[GuildFeed]) -> list[tuple[str, str]]:
    """(label, address) pairs of the directory for what has been typed, without those the server reads already."""
    have = {one.feed.url for one in known}
    return [
        (f"{listed.title} — {listed.topic}"[:100], listed.url)
        for listed in directory.search(text)
        if listed.url not in have and len(listed.url) <= 100
    ][:25]
