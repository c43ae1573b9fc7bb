"""robots.txt: RFC 9309's rules and examples, and who may be asked for the file how often."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.feeds.model import Fault, FaultKind, Fetched, FetchRequest
from bot.feeds.robots import Robots, RobotsCache, of_answer

# name: (file, path, allowed)
CASES = {
    "an empty file": ("", "/a", True),
    "everything closed": ("User-agent: *\nDisallow: /", "/a", False),
    "an empty Disallow closes nothing": ("User-agent: *\nDisallow:", "/a", True),
    "a beginning": ("User-agent: *\nDisallow: /private", "/private-news?x", False),
    "another path": ("User-agent: *\nDisallow: /private", "/public", True),
    "case matters in paths": ("User-agent: *\nDisallow: /News", "/news", True),
    "our own group replaces *": ("User-agent: *\nDisallow: /\n\nUser-agent: Headframe\nDisallow: /x", "/a", True),
    "our name in any case and with a version": ("User-Agent: HEADFRAME/2.0\nDisallow: /", "/a", False),
    "other robots' groups": ("User-agent: GPTBot\nDisallow: /", "/a", True),
    "several names for one group": ("User-agent: GPTBot\nUser-agent: headframe\nDisallow: /", "/a", False),
    "groups of one name count together": (
        "User-agent: *\nDisallow: /a\n\nUser-agent: b\nDisallow: /\n\nUser-agent: *\nDisallow: /c", "/c", False),
    "the longest match decides": ("User-agent: *\nDisallow: /news\nAllow: /news/mining", "/news/mining/1", True),
    "allow wins a tie": ("User-agent: *\nDisallow: /news\nAllow: /news", "/news", True),
    "a star": ("User-agent: *\nDisallow: /*/private", "/a/b/private/c", False),
    "two stars": ("User-agent: *\nDisallow: /*a*b", "/xxbxxaxx", True),
    "a dollar": ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
    "a dollar, more follows": ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?x", True),
    "only the front page": ("User-agent: *\nAllow: /$\nDisallow: /", "/", True),
    "only the front page, another": ("User-agent: *\nAllow: /$\nDisallow: /", "/a", False),
    "the query counts": ("User-agent: *\nDisallow: /*?print=", "/a?print=1", False),
    "percent-encoding alike": ("User-agent: *\nDisallow: /a%3cd.html", "/a%3Cd.html", False),
    "letters encoded needlessly": ("User-agent: *\nDisallow: /%61bc", "/abc", False),
    "an encoded slash is no slash": ("User-agent: *\nDisallow: /a%2fb", "/a/b", True),
    "beyond ASCII": ("User-agent: *\nDisallow: /ü", "/%C3%BCber", False),
    "comments and blanks": ("  user-agent : *  # all\n disallow : /x # no", "/x", False),
    "Crawl-delay does not end a group": ("User-agent: *\nCrawl-delay: 5\nDisallow: /x", "/x", False),
    "rules before any group": ("Disallow: /", "/a", True),
    "a byte order mark": ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
    "robots.txt itself": ("User-agent: *\nDisallow: /", "/robots.txt", True),
}  # fmt: skip


@pytest.mark.parametrize(("text", "path", "allowed"), CASES.values(), ids=CASES.keys())
def test_rules(text: str, path: str, allowed: bool) -> None:
    assert Robots.parse(text).allows(f"https://example.com{path}") is allowed


def test_many_stars_are_one_pass() -> None:
    robots = Robots.parse("User-agent: *\nDisallow: /" + "a*" * 2000 + "b$")
    assert robots.allows("https://example.com/" + "a" * 4000)


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault


@given(st.text(max_size=300), st.text(max_size=60))
@CALM
def test_any_file_can_be_read(text: str, path: str) -> None:
    Robots.parse(text + "\nUser-agent: *\nDisallow: " + path).allows(f"https://example.com/{path}")


def answer(body: bytes | None = None, kind: FaultKind = FaultKind.HTTP, status: int | None = None) -> Fetched:
    url = "https://example.com/robots.txt"
    if body is not None:
        return Fetched(url, 200, body=body)
    return Fetched(url, status, fault=Fault(kind, "x", status))


@pytest.mark.parametrize(
    ("name", "got", "allowed"),
    [
        ("a file", answer(b"User-agent: *\nDisallow: /"), False),
        ("a web page in its place", answer(b"<!doctype html><html>Disallow: /"), True),
        ("404", answer(status=404), True),
        ("403", answer(kind=FaultKind.FORBIDDEN, status=403), True),
        ("429", answer(kind=FaultKind.RATE_LIMITED, status=429), False),
        ("500", answer(status=500), False),
        ("a time-out", answer(kind=FaultKind.TIMEOUT), False),
        ("a circle of redirects", answer(kind=FaultKind.REDIRECTS, status=302), True),
        ("an address we refuse", answer(kind=FaultKind.REFUSED), False),
    ],
)
def test_what_an_answer_stands_for(name: str, got: Fetched, allowed: bool) -> None:
    robots, keep = of_answer(got)
    assert robots.allows("https://example.com/a") is allowed
    assert keep > 0


async def test_each_host_is_asked_once_a_day() -> None:
    asked: list[str] = []
    now = 0.0

    async def fetch(request: FetchRequest) -> Fetched:
        asked.append(request.url)
        await asyncio.sleep(0)
        return answer(b"User-agent: *\nDisallow: /closed")

    cache = RobotsCache(fetch, clock=lambda: now)
    faults = await asyncio.gather(*(cache.check(f"https://a.com/{path}") for path in ("x", "y", "closed/1")))
    assert [fault.kind if fault else None for fault in faults] == [None, None, FaultKind.ROBOTS]
    await cache.check("https://a.com:8443/z")
    assert asked == ["https://a.com/robots.txt", "https://a.com:8443/robots.txt"]
    now = 86_399
    await cache.check("https://a.com/z")
    assert len(asked) == 2
    now = 86_401
    await cache.check("https://a.com/z")
    assert len(asked) == 3


async def test_an_unreachable_file_is_asked_for_again_soon() -> None:
    answers = [answer(status=500), answer(b"")]
    now = 0.0

    async def fetch(request: FetchRequest) -> Fetched:
        return answers.pop(0)

    cache = RobotsCache(fetch, clock=lambda: now)
    assert await cache.check("https://a.com/x") is not None
    now = 601
    assert await cache.check("https://a.com/x") is None
