"""The canonical form of a link: equal for addresses that lead to one article. For comparing only, never for showing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Parameters that say who sent the reader, not what is read. Prefixes end in "*".
# Source: the vendors' own campaign-tagging pages (Google Analytics utm_*, Meta fbclid, Matomo mtm_*/pk_*, AT Internet
# at_*/xtor, Adobe cmpid/s_cid/icid, HubSpot _hs*, Mailchimp mc_*, Marketo mkt_tok, Omeda oly_*, Yahoo guce_*).
_TRACKING: Final = _names(
    "fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid li_fat_id igshid igsh epik wickedid "
    "mc_cid mc_eid mkt_tok oly_enc_id oly_anon_id vero_id vero_conv _openstat xtor cmpid cmp icid s_cid ncid "
    "s_kwcid ef_id sr_share soc_src soc_trk tsrc guccounter guce_referrer guce_referrer_sig ftag ito spm scm "
    "share_id sharetype sfnsn mibextid _ga _gl __twitter_impression rss_id rssfeed feedtype ocid dicbo "
    "taid sref wt.mc_id wt.rss_f wt.rss_a wt.rss_ev srnd campaign_id emc smid partner_id"
)
_TRACKING_PREFIX: Final = (
    "utm_",
    "mtm_",
    "pk_",
    "piwik_",
    "hsa_",
    "at_",
    "ns_",
    "_hs",
    "__hs",
    "guce_",
    "stm_",
    "itm_",
)
# These name the referrer only when their value does.
_REFERRER: Final = frozenset({"ref", "src", "source", "via", "from", "partner", "referrer", "ref_src", "cid", "output"})
_REFERRERS: Final = frozenset(
    {
        "rss",
        "feed",
        "feeds",
        "rssfeed",
        "rss_feed",
        "atom",
        "twitter",
        "facebook",
        "linkedin",
        "newsletter",
        "home",
        "1.0",
    }
)
_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_UNRESERVED: Final = "!$'()*,-./:;@_~+="


@lru_cache(maxsize=4096)
def canonical(url: str) -> str:
    """A link without scheme, letter case of the host, default port, trailing slash, fragment and tracking parameters.

    The order of the remaining parameters does not matter. Bing News' click counters, which change at every read, stand
    for the address they carry; Google News' opaque redirects are left alone. Never raises: an address that cannot be
    split is its own canonical form.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()
    host = (parts.hostname or "").lower().rstrip(".")
    query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None)
    if host.endswith("bing.com") and parts.path.lower().startswith("/news/apiclick"):
        target = next((value for name, value in query if name == "url" and value.startswith("http")), None)
        if target and target != url:
            return canonical(target)
    if port is not None and port != _DEFAULT_PORT.get(parts.scheme.lower()):
        host = f"{host}:{port}"
    path = quote(unquote(parts.path, errors="surrogateescape"), safe=_UNRESERVED, errors="surrogateescape")
    path = re.sub(r"/{2,}", "/", path).rstrip("/")
    kept = sorted((name, value) for name, value in query if not _tracks(name.lower(), value.lower()))
    tail = "?" + urlencode(kept, errors="surrogatepass") if kept else ""
    return f"{host}{path}{tail}"


def _tracks(name: str, value: str) -> bool:
    if name in _TRACKING or name.startswith(_TRACKING_PREFIX):
        return True
    return name in _REFERRER and value in _REFERRERS
