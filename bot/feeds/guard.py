"""Which addresses may be fetched: a feed's URL is a stranger's wish, and this machine's network is not theirs to see.

Three layers refuse private and internal targets: the URL's spelling on every hop (`check_url`), every answer of the
name server (`resolver`), and, the one that decides, the very address a socket is about to connect to (`connector`), so
that a name which changes its answer between two look-ups (DNS rebinding) gains nothing. It fetches nothing itself.
"""

from __future__ import annotations

import re
import socket
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import aiohttp
import idna
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.feeds.addresses import is_public, parse_networks
from bot.feeds.lookup import ResolveError, SystemLookup
from bot.feeds.model import Fault, FaultKind, FeedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.feeds.addresses import Address, Network

    Lookup = Callable[[str, int, socket.AddressFamily], Awaitable[list[ResolveResult]]]

__all__ = ["PORTS", "Guard", "Refused", "parse_networks"]

PORTS: Final = frozenset({80, 443, 8080, 8443})
MAX_URL: Final = 4096

# Names that only mean something inside somebody's network (RFC 6761, 6762, 8375, 9476; .internal by ICANN 2024).
_INSIDE: Final = (
    "localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa",
    "in-addr.arpa", "ip6.arpa", "alt", "onion", "test", "invalid", "example",
)  # fmt: skip
_BAD_CHARACTER: Final = re.compile(r"[\x00- \\\x7f-\xa0]")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")
_DOTTED: Final = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}\Z")
_PORT: Final = re.compile(r"[0-9]{1,5}\Z")


class Refused(FeedError):
    """The guard's no. Its message says what to give instead."""

    def __init__(self, detail: str) -> None:
        super().__init__(Fault(FaultKind.REFUSED, detail))


class SocketRefused(OSError):
    """Refused at connect time. An OSError, for that is what the connecting code expects a socket to raise: anything
    else is lost when it tries several addresses at once."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Guard:
    """The three layers. `allow`: the operator's own networks, exempt from the address and port rules."""

    def __init__(self, allow: Sequence[Network] = (), *, lookup: Lookup | None = None) -> None:
        self.allow = tuple(allow)
        self._lookup = lookup or SystemLookup()
        self._own_names: set[str] = set()
        # The same few thousand hosts come round at every poll; what their spelling says of them never changes.
        self._authority = lru_cache(maxsize=8192)(self._check_authority)
        self._own_literal = lru_cache(maxsize=8192)(self._literal_allowed)
        self._url = lru_cache(maxsize=512)(self._check_url)  # a poll asks twice, for the queue and for the request

    def check_url(self, url: str | URL) -> URL:
        """The URL, ready to send as it was written (fragment dropped, non-ASCII escaped); raises Refused.

        Only http and https; no credentials, control characters or blanks; no odd spelling of an IP address; ports 80,
        443, 8080, 8443. Where a name points is for the other layers to judge.
        """
        return self._url(str(url))

    def _check_url(self, text: str) -> URL:
        if len(text) > MAX_URL:
            raise Refused(f"The address is longer than {MAX_URL} characters; give the feed's plain address.")
        if _BAD_CHARACTER.search(text):
            raise Refused("The address holds a blank, a backslash or a control character; copy it again.")
        try:
            parts = urlsplit(text)
            scheme, netloc = parts.scheme.lower(), parts.netloc
        except ValueError:
            raise Refused("The address is malformed; copy it again from the browser.") from None
        if scheme not in {"http", "https"}:
            raise Refused("Only http:// and https:// addresses can be read.")
        if not text[len(scheme) :].startswith("://") or not netloc:
            raise Refused("The address has no host; write it like https://example.com/feed.")
        authority = self._authority(scheme, netloc)
        path = _escape(parts.path) or "/"
        query = f"?{_escape(parts.query)}" if parts.query or "?" in text.split("#", 1)[0] else ""
        try:
            return URL(f"{scheme}://{authority}{path}{query}", encoded=True)
        except ValueError:
            raise Refused("The address is malformed; copy it again from the browser.") from None

    def _check_authority(self, scheme: str, netloc: str) -> str:
        if "@" in netloc:
            raise Refused("The address holds a user name or password; give one that works without.")
        host, port = self._split_host(netloc)
        host = self._check_host(host)
        own = self._literal_allowed(host)
        number = port if port is not None else (443 if scheme == "https" else 80)
        # A name may still turn out to be the operator's own server: its port is then judged with its address.
        if number not in PORTS and not own and (not self.allow or _literal(host) is not None):
            raise Refused(f"Port {number} is not used by feeds; only 80, 443, 8080 and 8443 are read.")
        literal = _literal(host)
        if literal is not None:
            self.check_address(literal, number)
        shown = f"[{host}]" if ":" in host else host
        return shown if port is None else f"{shown}:{port}"

    def check_address(self, ip: str | Address, port: int) -> None:
        """Raise Refused unless the address is public and the port a web port, or the address is in `allow`."""
        try:
            address = ip if isinstance(ip, IPv4Address | IPv6Address) else ip_address(ip.split("%", 1)[0])
        except ValueError:
            raise Refused("The host's address cannot be understood.") from None
        if self.allowed(address):
            return
        if not is_public(address):
            raise Refused(
                "The host lies in a private or reserved network; the operator can open it with HEADFRAME_ALLOW_PRIVATE."
            )
        if port not in PORTS:
            raise Refused(f"Port {port} is not used by feeds; only 80, 443, 8080 and 8443 are read.")

    def allowed(self, address: Address) -> bool:
        """Whether the address lies in one of the operator's own networks (an IPv4-mapped one counts as its IPv4)."""
        if not self.allow:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any(address in net or (mapped is not None and mapped in net) for net in self.allow)

    def is_own_host(self, host: str) -> bool:
        """Whether a host is the operator's own: a literal in `allow`, or a name last seen pointing there."""
        return bool(self.allow) and (host in self._own_names or self._own_literal(host))

    def resolver(self) -> AbstractResolver:
        """A resolver that refuses a name when any of its answers is refused: one bad answer poisons the name."""
        return _Resolver(self)

    def connector(self, **options: Any) -> aiohttp.TCPConnector:
        """A TCPConnector that asks this guard for every name and for every address it is about to connect to."""
        return aiohttp.TCPConnector(resolver=self.resolver(), socket_factory=self._socket, **options)

    async def resolve(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        """The checked answers for a name; raises Refused, or OSError when it has none."""
        answers = await self._lookup(host, port, family)
        if not answers:
            raise ResolveError(f"{host} has no address")
        own = [answer for answer in answers if self.allowed(ip_address(answer["host"].split("%", 1)[0]))]
        if own:  # e.g. localhost: 127.0.0.1 is open, ::1 may not be; only the open ones are used
            self._own_names.add(host)
            return own
        self._own_names.discard(host)
        for answer in answers:
            self.check_address(answer["host"], port)
        return answers

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, where = info
        try:
            self.check_address(str(where[0]), int(where[1]))
        except Refused as error:
            raise SocketRefused(error.fault) from None
        sock = socket.socket(family=family, type=kind, proto=protocol)
        sock.setblocking(False)
        return sock

    def _literal_allowed(self, host: str) -> bool:
        literal = _literal(host)
        return literal is not None and self.allowed(literal)

    def _split_host(self, netloc: str) -> tuple[str, int | None]:
        if netloc.startswith("["):
            host, bracket, rest = netloc[1:].partition("]")
            if not bracket or ":" not in host or (rest and not rest.startswith(":")):
                raise Refused("The address is malformed; copy it again from the browser.")
            port = rest[1:]
        else:
            host, _, port = netloc.partition(":")
            if ":" in port:
                raise Refused("An IPv6 address is written in brackets, like http://[2606:4700::1]/.")
        if not port:
            return host, None
        if not _PORT.match(port) or not 0 < int(port) < 65536:
            raise Refused("The port is not a number between 1 and 65535.")
        return host, int(port)

    def _check_host(self, host: str) -> str:
        if ":" in host:
            try:
                return IPv6Address(host).compressed if "%" not in host else _bad_host()
            except ValueError:
                return _bad_host()
        if not host.isascii():
            # Full-width digits, circled letters, ideographic full stops: another spelling of an ASCII host.
            if unicodedata.normalize("NFKC", host).isascii() or any(dot in host for dot in "。．｡"):
                return _bad_host()
            try:
                host = idna.encode(host, uts46=True).decode("ascii")
            except (idna.IDNAError, UnicodeError):
                return _bad_host()
        host = host.lower().removesuffix(".")
        labels = host.split(".")
        if _NUMBER.match(labels[-1]):
            # WHATWG URL §3.5: a host that ends in a number is an IPv4 address; only its plain form is taken.
            if not _DOTTED.match(host) or any(int(label) > 255 for label in labels):
                return _bad_host()
            return host
        if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
            return _bad_host()
        inside = len(labels) == 1 or any(host.endswith("." + name) for name in _INSIDE)
        if inside and not self.allow:
            raise Refused("The host is a name inside a private network; give one that the public can reach.")
        return host


def _bad_host() -> str:
    raise Refused("The host is not a plain name or IP address; copy the feed's address from the browser.")


def _literal(host: str) -> Address | None:
    if ":" not in host and not host[-1:].isdigit():
        return None
    try:
        return ip_address(host)
    except ValueError:
        return None


def _escape(text: str) -> str:
    """Percent-escape what may not stand in a request line; everything else is the publisher's business."""
    if text.isascii():
        return text
    return "".join(
        ch if ch.isascii() else "".join(f"%{byte:02X}" for byte in ch.encode("utf-8", "surrogateescape")) for ch in text
    )


class _Resolver(AbstractResolver):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await self._guard.resolve(host, port, family)

    async def close(self) -> None:
        return None
