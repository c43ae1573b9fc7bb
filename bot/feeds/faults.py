"""From what went wrong to a Fault: a kind that is stored and one sentence that a moderator can act on. Pure."""

from __future__ import annotations

import math
import os
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from bot.feeds.guard import SocketRefused
from bot.feeds.model import Fault, FaultKind, FeedError

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a request may end in, our own refusals included; anything else is a fault of this program and is not caught.
REQUEST_ERRORS: Final = (FeedError, aiohttp.ClientError, HttpProcessingError, OSError, ValueError)

_FARTHEST: Final = timedelta(days=365)

_STATUS: Final = {
    204: "The server answered without any content; check that the address is the feed's.",
    304: "The server says nothing changed though it was asked for everything; it may be misconfigured.",
    402: "The publisher asks for payment; the feed needs a subscription.",
    404: "There is no feed at this address any more; look for its new address on the site.",
    405: "The server does not allow the address to be read.",
    406: "The server has no form of this page that a feed reader accepts.",
    451: "The publisher may not show this feed here for legal reasons.",
    500: "The publisher's server has an error; it will be tried again.",
    502: "The publisher's server cannot be reached behind its gateway; it will be tried again.",
    503: "The publisher's server is unavailable; it will be tried again.",
    504: "The publisher's server did not answer its gateway in time; it will be tried again.",
}


def parse_retry_after(value: str | None, now: datetime) -> datetime | None:
    """Retry-After as an aware UTC time (RFC 9110 §10.2.3: seconds, or a date); None when absent or unreadable."""
    text = (value or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        try:
            return min(when.astimezone(UTC), now + _FARTHEST)
        except OverflowError:
            return now + _FARTHEST
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return now + min(timedelta(seconds=math.ceil(min(seconds, 1e9))), _FARTHEST)


def of_status(status: int, headers: Mapping[str, str], now: datetime) -> Fault:
    """The fault of a status that brings no feed (anything but 200, 203, 304 and a redirect that was followed)."""
    retry = parse_retry_after(headers.get("retry-after"), now)
    if status == 410:
        return Fault(FaultKind.GONE, "The publisher has closed this feed for good (410); remove or replace it.", 410)
    if status == 429:
        detail = "The publisher asks for fewer requests (429); it will be asked more slowly."
        return Fault(FaultKind.RATE_LIMITED, detail, status, retry)
    if status == 503 and retry is not None:
        detail = "The publisher's server is busy and named a time to come back (503)."
        return Fault(FaultKind.RATE_LIMITED, detail, status, retry)
    if status in {401, 403}:
        why = "wants a user name and password" if status == 401 else "refuses this feed reader"
        detail = f"The publisher {why} ({status}); ask them to allow it, or follow another feed."
        return Fault(FaultKind.FORBIDDEN, detail, status, retry)
    if 300 <= status < 400 and status != 304:
        return Fault(FaultKind.HTTP, f"The server sends elsewhere without saying where ({status}).", status, retry)
    sentence = _STATUS.get(status)
    if sentence is None:
        kind = "refused the request" if 400 <= status < 500 else "has an error" if status >= 500 else "gave no feed"
        sentence = f"The publisher's server {kind}; it will be tried again."
    return Fault(FaultKind.HTTP, f"{sentence[:-1]} ({status}).", status, retry)


def of_error(error: BaseException, seconds: float) -> Fault:
    """The fault of an exception from the network; `seconds` is the time limit that was in force."""
    match error:
        case FeedError():
            return error.fault
        case aiohttp.ClientConnectorError(os_error=SocketRefused() as refused):
            return refused.fault
        case TimeoutError():
            return Fault(FaultKind.TIMEOUT, f"The server did not answer in time (at most {seconds:g} seconds).")
        case aiohttp.ClientConnectorDNSError():
            return Fault(FaultKind.DNS, "The host's name cannot be found; check the address for a typing mistake.")
        case aiohttp.ClientConnectorCertificateError():
            return Fault(FaultKind.TLS, f"The server's certificate is not valid: {_reason(error.certificate_error)}.")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Fault(FaultKind.TLS, "No secure connection could be agreed with the server (TLS).")
        case aiohttp.ClientConnectorError():
            return Fault(FaultKind.CONNECT, f"The server cannot be reached: {_reason(error.os_error)}.")
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return Fault(FaultKind.CONNECT, "The server closed the connection without an answer.")
        case aiohttp.ClientPayloadError():
            return Fault(FaultKind.CONNECT, "The connection broke off before the whole answer had arrived.")
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return Fault(FaultKind.CONNECT, "The server's answer is not valid HTTP, or its headers are too large.")
        case _:
            return Fault(FaultKind.CONNECT, "The server cannot be read; it will be tried again.")


def _reason(error: BaseException) -> str:
    """The system's or the TLS library's words, made short and harmless."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = error.verify_message
    else:
        number = error.errno if isinstance(error, OSError) else None
        text = os.strerror(number) if number and number > 0 else "it does not answer"
    text = "".join(ch for ch in text if ch.isprintable()).strip(" .:")
    return text[:120] or "it does not answer"
