"""Pages in a feed's place are recognised; feeds and ordinary pages never are."""

from __future__ import annotations

import pytest

from bot.feeds.challenge import looks_like_feed, looks_like_html, recognise
from bot.feeds.model import FaultKind
from tests.corpus import shared

BLOCKED, LOGIN = FaultKind.BLOCKED, FaultKind.LOGIN
HTML = {"content-type": "text/html; charset=utf-8"}


def page(title: str, body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


# name: (url, status, headers, page, expected kind, word in the sentence)
CASES = {
    "Cloudflare managed challenge": (
        "https://a.com/feed", 403, {"cf-mitigated": "challenge"}, page("Just a moment...", ""), BLOCKED, "Cloudflare"),
    "Cloudflare challenge without its header, status 200": (
        "https://a.com/feed", 200, {},
        page("Just a moment...", "<noscript>Enable JavaScript and cookies to continue</noscript>",
             "<script>window._cf_chl_opt={cvId:'3'}</script>"), BLOCKED, "Cloudflare"),
    "Cloudflare block page": (
        "https://a.com/feed", 403, {}, page("Attention Required! | Cloudflare", "Sorry, you have been blocked"),
        BLOCKED, "Cloudflare"),
    "Akamai access denied": (
        "https://a.com/feed", 403, {},
        page("Access Denied", "<h1>Access Denied</h1>You don't have permission to access this server."
             "<p>Reference #18.5d.17</p><p>https://errors.edgesuite.net/18.5d.17</p>"), BLOCKED, "Akamai"),
    "Akamai interstitial": (
        "https://a.com/feed", 200, {}, page("Challenge Validation", "<div id='sec-if-cpt-container'></div>"),
        BLOCKED, "Akamai"),
    "Imperva incident": (
        "https://a.com/feed", 403, {},
        ('<html><head><META NAME="robots" CONTENT="noindex,nofollow"></head><body><iframe id="main-iframe" '
         'src="/_Incapsula_Resource?CWUDNSAI=9&incident_id=1">Request unsuccessful. Incapsula incident ID: 1</iframe>'
         "</body></html>"), BLOCKED, "Imperva"),
    "DataDome": (
        "https://a.com/feed", 403, {"x-datadome": "protected"},
        page("a.com", "<script>var dd={'host':'geo.captcha-delivery.com'}</script>"), BLOCKED, "DataDome"),
    "DataDome on status 200": (
        "https://a.com/feed", 200, {}, page("a.com", "<script src='https://ct.captcha-delivery.com/c.js'></script>"),
        BLOCKED, "DataDome"),
    "PerimeterX": (
        "https://a.com/feed", 403, {}, page("Access to this page has been denied", "<div id='px-captcha'></div>"),
        BLOCKED, "PerimeterX"),
    "Sucuri": (
        "https://a.com/feed", 403, {"server": "Sucuri/Cloudproxy"}, page("Sucuri WebSite Firewall - Access Denied", ""),
        BLOCKED, "Sucuri"),
    "AWS WAF challenge": ("https://a.com/feed", 202, {"x-amzn-waf-action": "challenge"}, "", BLOCKED, "AWS WAF"),
    "Vercel": ("https://a.com/feed", 429, {"x-vercel-mitigated": "challenge"}, page("Vercel Security Checkpoint", ""),
               BLOCKED, "Vercel"),
    "Anubis": ("https://a.com/feed", 200, {}, page("Making sure you're not a bot!",
               "<script id='anubis_challenge' type='application/json'>{}</script>"), BLOCKED, "Anubis"),
    "DDoS-Guard": ("https://a.com/feed", 403, {}, page("DDoS-Guard", "Checking your browser before accessing"),
                   BLOCKED, "DDoS-Guard"),
    "proof of work as Stooq's": (
        "https://stooq.com/q", 200, {},
        ("<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body><noscript>This site requires JavaScript to "
        "verify your browser.</noscript><script>(async()=>{await crypto.subtle.digest('SHA-256',c);location.reload()"
        "})()</script></body></html>"), BLOCKED, "robot check"),
    "cookie and reload": (
        "https://a.com/feed", 200, {},
        "<html><body><script>document.cookie='__test=1';location.href='/feed?i=1'</script></body></html>",
        BLOCKED, "robot check"),
    "generic captcha": (
        "https://a.com/feed", 200, {}, page("One more step", "<form><div class='g-recaptcha'></div></form>"),
        BLOCKED, "robot check"),
    "generic words": ("https://a.com/feed", 403, {}, page("Pardon Our Interruption", "…"), BLOCKED, "robot check"),
    "login by address": (
        "https://a.com/wp-login.php?redirect_to=feed", 200, {},
        page("Members", "word " * 900 + "<form><input type='password'></form>"), LOGIN, "login form"),
    "login by title": (
        "https://a.com/feed", 200, {}, page("Sign in – A", "<form><input name=p type=\"password\"></form>"),
        LOGIN, "login form"),
    "login with 401": (
        "https://a.com/feed", 401, {}, page("A", "word " * 900 + "<input id=x type=password>"), LOGIN, "login form"),
    "consent by host": (
        "https://consent.yahoo.com/v2/collectConsent", 200, {}, page("Yahoo", "word " * 900), LOGIN, "consent page"),
    "consent by title": (
        "https://www.google.com/x", 200, {}, page("Before you continue to Google", ""), LOGIN, "consent page"),
}  # fmt: skip


@pytest.mark.parametrize(("url", "status", "headers", "body", "kind", "word"), CASES.values(), ids=CASES.keys())
def test_pages_in_a_feeds_place(
    url: str, status: int, headers: dict[str, str], body: str, kind: FaultKind, word: str
) -> None:
    fault = recognise(url, status, {**HTML, **headers}, body.encode())
    assert fault is not None
    assert fault.kind is kind
    assert word in fault.detail
    assert fault.status == status


ARTICLE = "<p>Copper rose on Monday as mines in Chile cut output and traders bet on lower stocks.</p>" * 40
ORDINARY = {
    "a news page behind Cloudflare, with its script": page(
        "Mining news", ARTICLE + "<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"),
    "a news page with a comment captcha": page(
        "Mining news", ARTICLE + "<form><div class='g-recaptcha'></div></form><script src=recaptcha/api.js></script>"),
    "a news page with a login box in its header": page("Mining news", "<input type='password'>" + ARTICLE),
    "a news page behind Imperva, with its script": page(
        "Mining news", "<script src='/_Incapsula_Resource?SWJIYLWA=719'></script>" + ARTICLE),
    "a news page that tells of a consent decree": page("Vale consent decree: what it means", ARTICLE),
    "an article about captchas": page("Are you a robot? Miners automate", ARTICLE + "Are you a robot? " + ARTICLE),
    "a news page with a cookie and a refresh": page(
        "Mining news", ARTICLE + "<script>document.cookie='a=1';</script>", "<meta http-equiv=refresh content=600>"),
    "a short page with a link to the feed": page(
        "Mine blog", "<a href=/feed>RSS</a>", "<link rel=alternate type=application/rss+xml href=/feed>"),
}  # fmt: skip


@pytest.mark.parametrize("body", ORDINARY.values(), ids=ORDINARY.keys())
def test_ordinary_pages_are_left_alone(body: str) -> None:
    """They are searched for a feed; a vendor's script or a captcha under the comments is no challenge."""
    assert recognise("https://a.com/news", 200, HTML, body.encode()) is None


ITEM = "<item><title>Just a moment... captcha</title><description>window._cf_chl_opt type=password</description></item>"
FEEDS = {
    "rss that quotes a challenge": f"<rss version='2.0'><channel>{ITEM}</channel></rss>",
    "declared": f"<?xml version='1.0'?>\n<rss>{ITEM}</rss>",
    "byte order mark": f"\ufeff<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>{ITEM}</feed>",
    "comments and a stylesheet first": (
        f"<?xml version='1.0'?><!-- <html> --><?xml-stylesheet href='a'?><rss>{ITEM}</rss>"
    ),
    "doctype": f'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://x/rss.dtd"><rss>{ITEM}</rss>',
    "rdf with a prefix": f"<rdf:RDF xmlns:rdf='x'>{ITEM}</rdf:RDF>",
    "junk before the root": f"\n\nWarning: in /var/www\n<rss>{ITEM}</rss>",
    "news sitemap": f"<urlset xmlns='x'>{ITEM}</urlset>",
    "json feed with escaped slashes": r'{"version": "https:\/\/jsonfeed.org\/version\/1", "items": []}',
    "json feed": '{"version": "https://jsonfeed.org/version/1.1", "title": "Are you a robot", "items": []}',
}


@pytest.mark.parametrize("body", FEEDS.values(), ids=FEEDS.keys())
@pytest.mark.parametrize("status", [200, 403])
def test_feeds_are_never_taken_for_a_challenge(body: str, status: int) -> None:
    """Even when sent as text/html, from a login address, with what a challenge would say inside."""
    assert looks_like_feed(body.encode())
    assert not looks_like_html(HTML, body.encode())
    assert recognise("https://a.com/login", status, {**HTML, "cf-mitigated": "challenge"}, body.encode()) is None


def test_a_utf16_feed_is_a_feed() -> None:
    assert looks_like_feed("<?xml version='1.0' encoding='utf-16'?><rss></rss>".encode("utf-16"))


def test_no_recorded_feed_is_taken_for_a_challenge() -> None:
    """0 false positives over the recordings, also when their server calls them HTML."""
    files = [path for path in shared("feeds").rglob("*") if path.is_file() and path.suffix not in {".csv", ".md"}]
    assert len(files) > 300
    for path in files:
        body = path.read_bytes()
        assert recognise("https://a.com/feed", 200, HTML, body) is None, path.name
        assert recognise("https://a.com/login", 403, HTML, body) is None, path.name


def test_a_recorded_challenge_is_recognised() -> None:
    body = shared("data", "price_samples", "stooq_js_challenge_2026-08-18_truncated.html").read_bytes()
    fault = recognise("https://stooq.com/q/d/l/", 200, {}, body)
    assert fault is not None
    assert fault.kind is BLOCKED


@pytest.mark.parametrize(
    "unit",
    ["<script", "<!--", "<iframe ", "<input ", "<title>", "<", "class='", "<!---->", "<?x?>", "enable javascript "],
)
def test_hostile_pages_are_read_in_one_pass(unit: str) -> None:
    """A quarter of a megabyte of unclosed beginnings; a quadratic pattern would run into the test's time limit."""
    recognise("https://a.com/x", 200, HTML, ("<html>" + unit * (262144 // len(unit))).encode())
    recognise("https://a.com/x", 200, HTML, (unit * (262144 // len(unit))).encode())
