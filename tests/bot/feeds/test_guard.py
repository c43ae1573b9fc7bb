"""No spelling, redirect or name may reach a private address: a canary listens on loopback and must hear nothing."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

import aiohttp
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.feeds import guard as guard_module
from bot.feeds.addresses import is_public
from bot.feeds.faults import of_error
from bot.feeds.fetch import Fetcher
from bot.feeds.guard import Guard, Refused, parse_networks
from bot.feeds.model import FaultKind, FetchRequest
from tests.feedserver import FeedServer, Reply, redirect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.abc import ResolveResult

LOOPBACK = parse_networks("127.0.0.0/8, ::1/128")

# {p} is the canary's port, which the tests declare a web port, so that only the address can be what is refused.
HOSTILE = [
    # loopback, in every spelling that some resolver or URL parser takes
    "http://127.0.0.1:{p}/", "http://127.0.0.2:{p}/", "http://127.255.255.254:{p}/", "http://127.1:{p}/",
    "http://127.0.1:{p}/", "http://2130706433:{p}/", "http://0x7f000001:{p}/", "http://0X7F000001:{p}/",
    "http://0x7f.0.0.1:{p}/", "http://0x7f.1:{p}/", "http://0177.0.0.1:{p}/", "http://017700000001:{p}/",
    "http://0177.0x0.0.1:{p}/", "http://127.0.0.01:{p}/", "http://127.00.0.1:{p}/", "http://127.0.0.1.:{p}/",
    "http://00000177.0.0.1:{p}/", "http://1.127.0.0.1:{p}/", "http://127.0.0.256:{p}/", "http://0x:{p}/",
    "http://１２７.0.0.1:{p}/", "http://１２７．０．０．１:{p}/", "http://127。0。0。1:{p}/", "http://127｡0｡0｡1:{p}/",
    "http://①②⑦.⓪.⓪.①:{p}/", "http://𝟏𝟐𝟕.𝟎.𝟎.𝟏:{p}/", "http://%31%32%37.0.0.1:{p}/", "http://127%2e0%2e0%2e1:{p}/",
    "http://0:{p}/", "http://0.0.0.0:{p}/", "http://0.0.0.1:{p}/", "http://0x0:{p}/",
    "http://[::1]:{p}/", "http://[0:0:0:0:0:0:0:1]:{p}/", "http://[::]:{p}/", "http://[::ffff:127.0.0.1]:{p}/",
    "http://[::ffff:7f00:1]:{p}/", "http://[::127.0.0.1]:{p}/", "http://[64:ff9b::127.0.0.1]:{p}/",
    "http://[64:ff9b:1::7f00:1]:{p}/", "http://[2002:7f00:1::]:{p}/", "http://[2001:0:7f00:1::1]:{p}/",
    "http://[fe80::1%25lo]:{p}/", "http://[fe80::1%lo]:{p}/", "http://[::1%25lo]:{p}/", "http://::1:{p}/",
    "http://localhost:{p}/", "http://LOCALHOST:{p}/", "http://localhost.:{p}/", "http://a.localhost:{p}/",
    "http://localhost.localdomain:{p}/", "http://ｌｏｃａｌｈｏｓｔ:{p}/", "http://loc%61lhost:{p}/", "http://ℓocalhost:{p}/",
    # private, link-local, shared, metadata, multicast and reserved networks
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/", "http://169.254.169.254/latest/meta-data/", "http://169.254.1.1/",
    "http://192.0.0.192/opc/v2/", "http://168.63.129.16/", "http://2852039166/", "http://0xa9fea9fe/",
    "http://metadata.google.internal/", "http://instance-data.ec2.internal/", "http://printer.local/", "http://router.lan/",
    "http://intranet/", "http://kubernetes.default.svc.cluster.local/", "http://nas.home.arpa/",
    "http://192.0.2.1/", "http://198.51.100.7/", "http://203.0.113.9/", "http://198.18.0.1/", "http://192.88.99.1/",
    "http://224.0.0.1/", "http://239.1.1.1/", "http://240.0.0.1/", "http://255.255.255.255/",
    "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[fe80::1]/", "http://[fec0::1]/", "http://[ff02::1]/",
    "http://[ff0e::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[100::1]/", "http://[5f00::1]/",
    "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::1]/", "http://[::ffff:10.0.0.1]/", "http://[::ffff:8.8.8.8]/",
    # userinfo, parser differences, other schemes, odd ports
    "http://example.com@127.0.0.1:{p}/", "http://user:pw@example.com/", "http://127.0.0.1:{p}@example.com/",
    "http://example.com#@127.0.0.1:{p}/x y", "http://127.0.0.1:{p}\\@example.com/", "http://example.com\\@127.0.0.1:{p}/",
    "http:\\\\127.0.0.1:{p}\\", "http:/127.0.0.1:{p}/", "http:127.0.0.1:{p}", "http:///127.0.0.1:{p}/",
    "//127.0.0.1:{p}/", "127.0.0.1:{p}", "http://127.0.0.1:{p}:80/", "http://exa\tmple.com/", "http://exam\nple.com/",
    "http://example.com /", " http://127.0.0.1:{p}/", "http://example.com/\r\nHost: 127.0.0.1", "http://exa\x00mple.com/",
    "http://[127.0.0.1]:{p}/", "http://[::1/", "http://[::1]x:{p}/", "http://[v1.fe80::1]/", "http://", "http://:{p}/",
    "http://./", "http://../", "http://-a.example.com/", "http://a..b.com/", "http://" + "a" * 64 + ".com/",
    "file:///etc/passwd", "ftp://example.com/feed", "gopher://127.0.0.1:{p}/_x", "data:text/xml,<rss/>",
    "javascript:alert(1)", "unix:///var/run/docker.sock", "HTTP+unix://x/", "jar:http://127.0.0.1:{p}!/", "",
    "http://example.com:22/", "http://example.com:25/", "http://example.com:6379/", "http://8.8.8.8:53/",
    "http://example.com:0/", "http://example.com:65616/", "http://example.com:８０/", "http://example.com:-80/",
    "http://example.com:+80/", "http://example.com:8_0/", "http://example.com/" + "a" * 5000,
]  # fmt: skip


async def answers_of(host: str, port: int, *addresses: str) -> list[ResolveResult]:
    return [
        {
            "hostname": host,
            "host": address,
            "port": port,
            "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
            "proto": socket.IPPROTO_TCP,
            "flags": socket.AI_NUMERICHOST,
        }
        for address in addresses
    ]


class Names:
    """A name server with a script: name → addresses; a list of lists gives each look-up the next answer."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self.table = table
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        self.asked.append(host)
        return await answers_of(host, port, *self.table.get(host, []))


@pytest.fixture
async def canary(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        server.script["/"] = Reply(body=b"<rss/>")
        monkeypatch.setattr(guard_module, "PORTS", guard_module.PORTS | {server.port})
        yield server


def test_the_table_is_long_enough() -> None:
    assert len(set(HOSTILE)) >= 60


async def test_hostile_addresses_never_reach_the_canary(canary: FeedServer) -> None:
    """Every hostile string is refused as such, and not a single connection is made for it."""
    names = Names({})
    async with Fetcher(Guard(lookup=names), user_agent="test") as fetcher:
        for template in HOSTILE:
            url = template.replace("{p}", str(canary.port))
            got = await fetcher.fetch(FetchRequest(url))
            assert got.fault is not None, url
            assert got.fault.kind is FaultKind.REFUSED, (url, got)
            assert got.fault.detail.endswith(".")
    assert (canary.connections, names.asked) == (0, [])


async def test_redirects_to_hostile_addresses_are_refused(canary: FeedServer) -> None:
    """The first hop is a server that may be read, on another loopback address; from there no string leads inside."""
    names = Names({})
    shield = Guard(parse_networks("127.0.0.9/32"), lookup=names)
    async with (
        FeedServer(host="127.0.0.9") as outside,
        Fetcher(shield, user_agent="test", per_host_interval=0) as fetcher,
    ):
        for target in HOSTILE:
            url = target.replace("{p}", str(canary.port))
            if not url or any(ch in url for ch in "\r\n\x00"):
                continue  # no header can say this
            for status in (301, 302, 303, 307, 308):
                outside.script["/feed"] = redirect(url, status)
                got = await fetcher.fetch(FetchRequest(outside.url()))
                assert got.fault is not None, url
                assert got.moved_to is None
    assert canary.connections == 0
    assert names.asked, "names are left to the resolver when a network is allowed"


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("loopback", ["127.0.0.1"]),
        ("one bad answer poisons the name", ["93.184.215.14", "127.0.0.1"]),
        ("the bad answer last of many", ["93.184.215.14", "8.8.8.8", "2606:4700::1", "::1"]),
        ("IPv4 inside IPv6", ["::ffff:127.0.0.1"]),
        ("NAT64", ["64:ff9b::7f00:1"]),
        ("link-local with a zone", ["fe80::1%eth0"]),
        ("metadata", ["169.254.169.254"]),
    ],
)
async def test_names_with_private_answers_are_refused(canary: FeedServer, name: str, addresses: list[str]) -> None:
    names = Names({"feeds.example.com": addresses})
    async with Fetcher(Guard(lookup=names), user_agent="test") as fetcher:
        got = await fetcher.fetch(FetchRequest(canary.url("/", host="feeds.example.com")))
    assert got.fault is not None
    assert got.fault.kind is FaultKind.REFUSED
    assert canary.connections == 0


async def test_a_rebinding_name_gains_nothing(canary: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's answer was public, the address at connect time is not: the socket layer alone refuses it."""
    shield = Guard()
    monkeypatch.setattr(shield, "resolve", lambda host, port, family: answers_of(host, port, "127.0.0.1"))
    async with Fetcher(shield, user_agent="test") as fetcher:
        got = await fetcher.fetch(FetchRequest(canary.url("/", host="rebind.example.com")))
    assert got.fault is not None
    assert got.fault.kind is FaultKind.REFUSED
    assert canary.connections == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "10.0.0.1", "169.254.169.254", "[::1]", "[fe80::1]"])
async def test_the_socket_layer_alone_refuses_literals(canary: FeedServer, address: str) -> None:
    """aiohttp asks no resolver for literal addresses; with the URL check left out the connector still refuses."""
    async with aiohttp.ClientSession(connector=Guard().connector()) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://{address}:{canary.port}/")
    assert of_error(caught.value, 1).kind is FaultKind.REFUSED
    assert canary.connections == 0


async def test_every_socket_is_checked_when_a_name_has_several_addresses(canary: FeedServer) -> None:
    shield = Guard()
    seen: list[str] = []
    check = shield.check_address

    class Watching(Guard):
        def check_address(self, ip: object, port: int) -> None:
            seen.append(str(ip))
            check(str(ip), port)

        async def resolve(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
            return await answers_of(host, port, "::1", "127.0.0.1")

    async with aiohttp.ClientSession(connector=Watching().connector(happy_eyeballs_delay=0.001)) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://two.example.com:{canary.port}/")
    assert of_error(caught.value, 1).kind is FaultKind.REFUSED
    assert set(seen) == {"::1", "127.0.0.1"}
    assert canary.connections == 0


@pytest.mark.parametrize(
    ("name", "allow", "host", "reached"),
    [
        ("an allowed literal, any port", "127.0.0.0/8", "127.0.0.1", True),
        ("localhost where only IPv4 loopback is allowed", "127.0.0.0/8", "localhost", True),
        ("another private network is not opened by it", "10.0.0.0/8", "127.0.0.1", False),
        ("localhost outside the allowed network", "10.0.0.0/8", "localhost", False),
        ("an IPv4-mapped spelling of an allowed address", "127.0.0.0/8", "[::ffff:127.0.0.1]", True),
        ("odd spellings stay refused", "127.0.0.0/8", "127.1", False),
        ("a name that points into the allowed network", "127.0.0.0/8", "feeds.example.com", True),
    ],
)
async def test_the_operators_networks(name: str, allow: str, host: str, reached: bool) -> None:
    names = Names({"localhost": ["::1", "127.0.0.1"], "feeds.example.com": ["127.0.0.1"]})
    shield = Guard(parse_networks(allow), lookup=names)
    async with FeedServer() as server, Fetcher(shield, user_agent="test") as fetcher:
        server.script["/feed"] = Reply(body=b"<rss/>")
        got = await fetcher.fetch(FetchRequest(server.url(host=host)))
        assert (got.fault is None) is reached, got
        assert bool(server.connections) is reached
        assert shield.is_own_host(host.strip("[]")) is reached


async def test_of_a_names_answers_only_the_allowed_are_used() -> None:
    shield = Guard(parse_networks("127.0.0.0/8"), lookup=Names({"localhost": ["::1", "127.0.0.1", "93.184.215.14"]}))
    answers = await shield.resolver().resolve("localhost", 9000)
    assert [answer["host"] for answer in answers] == ["127.0.0.1"]


def test_ports_of_public_hosts_stay_closed_when_a_network_is_allowed() -> None:
    shield = Guard(LOOPBACK)
    shield.check_url("http://feeds.example.com:9000/")  # may yet point inside the allowed network
    with pytest.raises(Refused, match="Port 9000"):
        shield.check_address("93.184.215.14", 9000)
    with pytest.raises(Refused, match="Port 9000"):
        shield.check_url("http://93.184.215.14:9000/")
    shield.check_address("127.0.0.1", 9000)


@pytest.mark.parametrize(
    ("given_url", "sent"),
    [
        ("https://www.mining.com/feed/", "https://www.mining.com/feed/"),
        ("HTTPS://WWW.Mining.COM/Feed/?Q=A", "https://www.mining.com/Feed/?Q=A"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com./feed", "http://example.com/feed"),
        ("http://example.com:8080/feed", "http://example.com:8080/feed"),
        ("http://example.com/a%2fb%zz?x=a+b&y=%20%C3%BC&z", "http://example.com/a%2fb%zz?x=a+b&y=%20%C3%BC&z"),
        ("http://example.com/ü?ü=é", "http://example.com/%C3%BC?%C3%BC=%C3%A9"),
        ("http://example.com/a/../b/./c;p=1?a=[1]|{2}'\"#frag", "http://example.com/a/../b/./c;p=1?a=[1]|{2}'\""),
        ("https://bücher.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://例え.jp/feed", "https://xn--r8jz45g.jp/feed"),
        ("https://[2606:4700:0::1111]:8443/x", "https://[2606:4700::1111]:8443/x"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://a_b.example.com/", "https://a_b.example.com/"),
    ],
)
def test_plain_addresses_are_sent_as_given(given_url: str, sent: str) -> None:
    assert str(Guard().check_url(given_url)) == sent
    assert str(Guard().check_url(sent)) == sent


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("127.0.0.0/8", 1), (" 127.0.0.0/8 , ::1/128;10.1.2.3 ", 3), ("::1", 1)]
)
def test_networks_are_read(text: str, count: int) -> None:
    assert len(parse_networks(text)) == count


@pytest.mark.parametrize("text", ["localhost", "127.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8 ::1"])
def test_a_wrong_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a network.*write it like"):
        parse_networks(text)


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault


@given(st.ip_addresses())
@CALM
@example(ip_address("192.0.0.9"))
def test_what_python_calls_private_is_never_public(address: object) -> None:
    """Our list is at least as strict as the standard library's."""
    ip = ip_address(str(address))
    assert not (is_public(ip) and not ip.is_global)


@given(st.text(max_size=60) | st.from_regex(r"https?://[0-9a-fx.:\[\]@%]{1,30}/?", fullmatch=True))
@CALM
def test_any_string_is_refused_or_checked(text: str) -> None:
    """check_url raises Refused or gives an http(s) URL without credentials whose literal host is public."""
    try:
        url = Guard().check_url(text)
    except Refused:
        return
    assert url.scheme in {"http", "https"}
    assert url.raw_user is None
    assert url.port in guard_module.PORTS
    host = url.raw_host or ""
    if ":" in host or host.rsplit(".", 1)[-1].isdigit():
        assert is_public(ip_address(host))
