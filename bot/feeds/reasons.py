"""What each kind of fault means and what to do about it, in the reader's language. For people; no behaviour.

`Fault.detail` says the particulars in English for logs; what is stored and shown by kind is said here, translated.
"""

from __future__ import annotations

import re

from bot.feeds.model import FaultKind
from bot.i18n import _


def reason(kind: FaultKind, detail: str | None = None) -> str:
    """One short sentence: what is wrong. detail: the stored `Fault.detail`, which names the status of an answer."""
    status = re.search(r"\((\d{3})\)", detail or "")
    if kind is FaultKind.HTTP and status is not None:
        return _("its server answers with an error ({status}).").format(status=status[1])
    reasons = {
        FaultKind.REFUSED: _("its address is not on the public internet."),
        FaultKind.DNS: _("its host name cannot be found."),
        FaultKind.TLS: _("no secure connection can be agreed with its server."),
        FaultKind.CONNECT: _("its server cannot be reached."),
        FaultKind.TIMEOUT: _("its server does not answer in time."),
        FaultKind.TOO_LARGE: _("the answer is larger than a feed may be."),
        FaultKind.ENCODING: _("the answer arrives damaged."),
        FaultKind.REDIRECTS: _("its address is redirected without end."),
        FaultKind.HTTP: _("its server answers with an error."),
        FaultKind.RATE_LIMITED: _("the publisher asks for fewer requests."),
        FaultKind.FORBIDDEN: _("the publisher refuses this reader."),
        FaultKind.BLOCKED: _("the publisher shows a challenge page meant to keep programs out."),
        FaultKind.LOGIN: _("a login or consent form stands in its place."),
        FaultKind.GONE: _("the publisher has closed it for good."),
        FaultKind.NOT_A_FEED: _("what stands at its address is not a feed any more."),
        FaultKind.PARSE: _("it takes too long to read, or is too badly formed."),
        FaultKind.ROBOTS: _("the site asks programs not to read this page (robots.txt)."),
    }
    return reasons[kind]


def advice(kind: FaultKind) -> str:
    """One short sentence: what a moderator can do."""
    match kind:
        case FaultKind.GONE:
            return _("Remove it with `/feed remove`, or add its successor with `/feed add`.")
        case FaultKind.BLOCKED | FaultKind.FORBIDDEN:
            return _("Only the publisher can let it in: ask them, or pick another of their feeds with `/feed add`.")
        case FaultKind.LOGIN | FaultKind.ROBOTS:
            return _("Look for an open feed of the same publisher and add it with `/feed add`.")
        case FaultKind.NOT_A_FEED | FaultKind.DNS | FaultKind.REDIRECTS | FaultKind.REFUSED:
            return _("Look for its new address on the site and add that with `/feed add`.")
        case FaultKind.TOO_LARGE | FaultKind.PARSE:
            return _("Ask the publisher for a shorter feed, or pick another of theirs.")
        case _:
            return _("I keep trying and go on by myself when it is back; you need do nothing.")
