"""Recognises the pages that stand in a feed's place: bot challenges, captchas, login forms and consent walls.

A page is judged by what only a challenge has (a header, a title, a small page around one script); the same vendors put
scripts into ordinary pages too, so a vendor's name alone proves nothing. A document whose root is a feed's is never
judged. Pure: no request is made, and no challenge is ever solved.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.feeds.model import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOK: Final = 128 * 1024  # bytes of a page that are looked at
_SMALL: Final = 2000  # characters of visible text below which a page can be a mere challenge

_ROOT: Final = re.compile(rb"<(?:[A-Za-z][\w.-]{0,40}:)?(rss|feed|RDF|urlset|sitemapindex|opml)[\s>/]")
_FIRST_TAG: Final = re.compile(rb"<([A-Za-z][\w.:-]*)")
_PROLOGUE: Final = re.compile(
    rb"\s*(?:<\?[^>]{0,2000}>|<!--.{0,20000}?-->|<!DOCTYPE[^>\[]{0,500}>)", re.DOTALL | re.IGNORECASE
)

# (vendor, what only its challenge page holds)
_CERTAIN: Final = tuple(
    (vendor, re.compile(pattern, re.IGNORECASE))
    for vendor, pattern in (
        ("Cloudflare", r"window\._cf_chl_opt|<title>\s*just a moment\.\.\."),
        ("Cloudflare", r"/cdn-cgi/challenge-platform/h/[bg]/orchestrate"),
        ("Cloudflare", r"<title>\s*attention required! \| cloudflare|id=[\"']cf-error-details"),
        ("Akamai", r"https?(?:://|&#58;&#47;&#47;)errors\.edgesuite\.net|sec-if-cpt-container|/_sec/cp_challenge/"),
        ("Imperva", r"incapsula incident id|<iframe[^>]{0,300}_incapsula_resource[^>]{0,600}incident_id"),
        ("DataDome", r"(?:geo|ct|interstitial)\.captcha-delivery\.com"),
        ("PerimeterX", r"id=[\"']px-captcha|window\._pxUuid|/captcha/captcha\.js\?a=c&"),
        ("Sucuri", r"sucuri website firewall|sucuri_cloudproxy_js"),
        ("AWS WAF", r"window\.gokuprops|awswafintegration\.(?:checkforcerefresh|getToken)"),
        ("AWS WAF", r"\.token\.awswaf\.com/[^\"']+/challenge\.js"),
        ("Kasada", r"/ips\.js\?(?:tkrm_alpekz_s1|KP_UIDz)|window\.KPSDK\s*="),
        ("Vercel", r"<title>\s*vercel security checkpoint"),
        ("DDoS-Guard", r"<title>\s*ddos-guard|/\.well-known/ddos-guard/js-challenge"),
        ("Anubis", r"id=[\"']anubis_challenge|/\.within\.website/x/cmd/anubis"),
        ("Barracuda", r"bnmobilemessaging|barracuda_uid"),
    )
)  # fmt: skip

# What a challenge page says when there is little else on it.
_SAYS: Final = re.compile(
    r"verify(?:ing)? (?:that )?(?:you are|you're|your) (?:a |not a )?(?:human|robot|browser|person)"
    r"|are you (?:a )?(?:human|robot)|(?:you are|you're|i am|i'm) not a (?:ro)?bot"
    r"|checking (?:if the site connection is secure|your browser)|requires javascript to verify"
    r"|(?:enable|requires?|turn on) (?:javascript|cookies)(?: and (?:javascript|cookies))?"
    r"[^.<]{0,40}(?:continue|proceed|reload|access|verif)"
    r"|(?:complete|solve) the (?:captcha|challenge|security check)|unusual (?:traffic|activity)"
    r"|pardon our interruption|access (?:to this page has been|is temporarily) (?:denied|restricted|blocked)"
    r"|bot (?:detection|protection|verification)"
    r"|ddos protection by|human verification|security check(?:point)? required",
    re.IGNORECASE,
)  # fmt: skip
_WIDGET: Final = re.compile(
    r"class=[\"'][^\"']*\b(?:g-recaptcha|h-captcha|cf-turnstile|frc-captcha)\b|\bname=[\"']captcha[\"']"
    r"|recaptcha/(?:api|enterprise)\.js|hcaptcha\.com/1/api\.js|challenges\.cloudflare\.com/turnstile",
    re.IGNORECASE,
)
_WORK: Final = re.compile(r"crypto\.subtle\.digest|sha-?256|document\.cookie\s*=", re.IGNORECASE)
_RELOAD: Final = re.compile(r"location\.(?:reload|replace|href)|http-equiv=[\"']?refresh", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]*>(.{0,200}?)</title", re.IGNORECASE | re.DOTALL)
_PASSWORD: Final = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_LOGIN_WORDS: Final = re.compile(
    r"\b(?:log ?in|log ?on|sign ?in|anmelden|anmeldung|connexion|se connecter|iniciar sesi[oó]n|acceder|accedi)\b",
    re.IGNORECASE,
)
_LOGIN_PATH: Final = re.compile(
    r"/(?:log-?in|log-?on|sign-?in|signon|auth(?:orize|enticate)?|sso|oauth2?|saml2?|wp-login\.php|account/login)(?:[/.?]|$)",
    re.IGNORECASE,
)
_CONSENT_HOST: Final = re.compile(
    r"(?:^|\.)(?:consent|guce|collector-consent|myprivacy)\.[a-z0-9.-]+$|^cmp\.", re.IGNORECASE
)
_CONSENT_TITLE: Final = re.compile(
    r"before you continue|cookie consent|your privacy choices|consent required", re.IGNORECASE
)
_BLOCK: Final = re.compile(rb"<(script|style|svg|template|noscript)\b")


def looks_like_feed(body: bytes) -> bool:
    """Whether the document's root is a feed's or sitemap's (XML or JSON Feed), read without parsing it."""
    text = body[:_LOOK].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in text[:64]:
        text = text.replace(b"\0", b"")  # UTF-16: enough to read ASCII tag names
    if text[:1] == b"{":
        return b"jsonfeed.org/version" in text.replace(b"\\/", b"/")
    at = 0
    while (match := _PROLOGUE.match(text, at)) is not None and match.end() > at:
        at = match.end()
    first = _FIRST_TAG.search(text, at)
    if first is None:
        return False
    if _ROOT.match(text, first.start()):
        return True
    # Junk before the root happens; an HTML root does not belong to a feed.
    return (
        first[1].lower() not in {b"html", b"head", b"body", b"script"} and _ROOT.search(text, at, at + 4096) is not None
    )


def looks_like_html(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer is an HTML page rather than a feed."""
    if looks_like_feed(body):
        return False
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    said = headers.get("content-type", "").lower()
    return start.startswith((b"<!doctype html", b"<html")) or "html" in said or b"<html" in start


def recognise(url: str, status: int, headers: Mapping[str, str], body: bytes) -> Fault | None:
    """BLOCKED or LOGIN when the answer is a challenge, login or consent page; None for anything else, feeds included.

    url is the final address, headers have lower-case names, body is decoded (its start is enough).
    """
    if looks_like_feed(body):
        return None
    if vendor := _by_header(status, headers):
        return _blocked(vendor, status)
    if not looks_like_html(headers, body):
        return None
    page = body[:_LOOK].decode("utf-8", "replace")
    visible = _visible(body[:_LOOK])
    small = len(visible) <= _SMALL
    if small or status >= 400:
        for vendor, pattern in _CERTAIN:
            if pattern.search(page):
                return _blocked(vendor, status)
    if status >= 400 and "Access Denied" in visible and "Reference #" in visible:
        return _blocked("Akamai", status)
    title_match = _TITLE.search(page)
    title = title_match[1] if title_match else ""
    if fault := _wall(url, status, title, page, small):
        return fault
    if small and _SAYS.search(f"{title} {visible} {_noscript(page)}"):
        return _blocked(None, status)
    if len(visible) <= 600 and (_WIDGET.search(page) or (_WORK.search(page) and _RELOAD.search(page))):
        return _blocked(None, status)
    return None


def _wall(url: str, status: int, title: str, page: str, small: bool) -> Fault | None:
    parts = urlsplit(url)
    if _CONSENT_HOST.search(parts.hostname or "") or (small and _CONSENT_TITLE.search(title)):
        detail = "The site shows a consent page in place of the feed; follow another feed of this publisher."
        return Fault(FaultKind.LOGIN, detail, status)
    if _PASSWORD.search(page) and (
        _LOGIN_PATH.search(parts.path) or _LOGIN_WORDS.search(title) or status in {401, 403} or small
    ):
        detail = "The site shows a login form in place of the feed; only feeds that need no account can be read."
        return Fault(FaultKind.LOGIN, detail, status)
    return None


def _by_header(status: int, headers: Mapping[str, str]) -> str | None:
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return "Cloudflare"
    if headers.get("x-amzn-waf-action", "").lower() in {"challenge", "captcha"}:
        return "AWS WAF"
    if headers.get("x-vercel-mitigated", "").lower() in {"challenge", "deny"}:
        return "Vercel"
    if status in {401, 403, 429} and ("x-datadome" in headers or "x-dd-b" in headers):
        return "DataDome"
    if status in {403, 429} and headers.get("server", "").lower().startswith("sucuri"):
        return "Sucuri"
    return None


def _blocked(vendor: str | None, status: int) -> Fault:
    by = f" ({vendor})" if vendor else ""
    detail = f"The site shows a robot check{by} in place of the feed; ask the publisher to allow feed readers."
    return Fault(FaultKind.BLOCKED, detail, status)


def _visible(page: bytes) -> str:
    """The text between the tags, scripts and comments left out; one pass, whatever the page."""
    low = page.lower()
    found: list[bytes] = []
    at = size = 0
    while size <= 2 * _SMALL:
        start = low.find(b"<", at)
        piece = page[at:] if start < 0 else page[at:start]
        found.append(piece)
        size += len(piece.strip())
        if start < 0:
            break
        if low.startswith(b"<!--", start):
            end = low.find(b"-->", start + 4)
        elif block := _BLOCK.match(low, start):
            end = low.find(b"</" + block[1], start) - 1
        else:
            end = low.find(b">", start)
        if end < start:
            break
        at = end + 1
    return " ".join(b" ".join(found).decode("utf-8", "replace").split())


def _noscript(page: str) -> str:
    start = page.lower().find("<noscript")
    return page[start : start + 500] if start >= 0 else ""
