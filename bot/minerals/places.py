"""Country names: from the way a table writes them to the reader's language. Knows no figures."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from babel import Locale

from bot.i18n import _, language

# ISO 3166-1 codes of every country in the tables, so that Babel (Unicode CLDR) can name them.
CODES: Final = {
    "Algeria": "DZ", "Angola": "AO", "Argentina": "AR", "Armenia": "AM", "Australia": "AU", "Austria": "AT",
    "Azerbaijan": "AZ", "Bahrain": "BH", "Belarus": "BY", "Belgium": "BE", "Bhutan": "BT", "Bolivia": "BO",
    "Botswana": "BW", "Brazil": "BR", "Bulgaria": "BG", "Burma": "MM", "Burundi": "BI", "Cambodia": "KH",
    "Canada": "CA", "Chile": "CL", "China": "CN", "Colombia": "CO", "Congo (Brazzaville)": "CG",
    "Congo (Kinshasa)": "CD", "Cuba": "CU", "Cyprus": "CY", "Czechia": "CZ", "Côte d’Ivoire": "CI",
    "Dominican Republic": "DO", "Ecuador": "EC", "Egypt": "EG", "Estonia": "EE", "Ethiopia": "ET",
    "Finland": "FI", "France": "FR", "Gabon": "GA", "Georgia": "GE", "Germany": "DE", "Ghana": "GH",
    "Greece": "GR", "Greenland": "GL", "Guatemala": "GT", "Guinea": "GN", "Guyana": "GY", "Hungary": "HU",
    "Iceland": "IS", "India": "IN", "Indonesia": "ID", "Iran": "IR", "Iraq": "IQ", "Ireland": "IE",
    "Israel": "IL", "Italy": "IT", "Jamaica": "JM", "Japan": "JP", "Jordan": "JO", "Kazakhstan": "KZ",
    "Kenya": "KE", "Korea, North": "KP", "Korea, Republic of": "KR", "Kuwait": "KW", "Kyrgyzstan": "KG",
    "Laos": "LA", "Latvia": "LV", "Lesotho": "LS", "Madagascar": "MG", "Malaysia": "MY", "Mali": "ML",
    "Mauritania": "MR", "Mexico": "MX", "Mongolia": "MN", "Morocco": "MA", "Mozambique": "MZ",
    "Namibia": "NA", "Netherlands": "NL", "New Caledonia": "NC", "Nigeria": "NG", "Norway": "NO",
    "Oman": "OM", "Pakistan": "PK", "Papua New Guinea": "PG", "Peru": "PE", "Philippines": "PH",
    "Poland": "PL", "Portugal": "PT", "Qatar": "QA", "Republic of Korea": "KR", "Romania": "RO",
    "Russia": "RU", "Rwanda": "RW", "Saudi Arabia": "SA", "Senegal": "SN", "Serbia": "RS",
    "Sierra Leone": "SL", "Slovakia": "SK", "South Africa": "ZA", "Spain": "ES", "Sri Lanka": "LK",
    "Sudan": "SD", "Sweden": "SE", "Switzerland": "CH", "Syria": "SY", "Taiwan": "TW", "Tajikistan": "TJ",
    "Tanzania": "TZ", "Thailand": "TH", "Togo": "TG", "Tunisia": "TN", "Turkey": "TR", "Turkmenistan": "TM",
    "Uganda": "UG", "Ukraine": "UA", "United Arab Emirates": "AE", "United Kingdom": "GB",
    "United States": "US", "Uzbekistan": "UZ", "Vietnam": "VN", "Zambia": "ZM", "Zimbabwe": "ZW",
}  # fmt: skip
# English names that readers of mining news know better than CLDR's.
_COMMON: Final = {"CD": "DR Congo", "CG": "Congo (Brazzaville)", "MM": "Myanmar", "TR": "Turkey"}
_JURISDICTIONS: Final = {"US": "US", "CA": "CA", "UK": "GB", "AU": "AU", "IN": "IN", "JP": "JP"}


@lru_cache(maxsize=1024)
def _territory(code: str, lang: str) -> str:
    return str(Locale.parse(lang).territories.get(code, code))


def country(name: str) -> str:
    """The country in the language in force; a name that is no country ("China, Germany, and Russia") as it is."""
    if name == "Other countries":
        return _("other countries")
    if name == "World total":
        return _("world")
    code = CODES.get(name)
    if code is None:
        return name
    return (_COMMON.get(code) if language() == "en" else None) or _territory(code, language())


def jurisdiction(code: str) -> str:
    """ "US" → "United States" and so on, in the language in force."""
    if code == "EU":
        return _("European Union")
    return _territory(_JURISDICTIONS.get(code, code), language())
