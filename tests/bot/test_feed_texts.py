"""What a moderator reads of a feed that cannot be read: what is wrong and what to do, each once, and no false blame."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.desk.feeds import explain
from bot.feeds import directory, faults
from bot.feeds.model import Fault, FaultKind
from bot.feeds.reasons import reason
from bot.i18n import use_language

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 27, tzinfo=UTC)
OWN = "https://a-wire.example/feed"
NO_NAME = Fault(FaultKind.DNS, "The host's name cannot be found; check the address for a typing mistake.")


def status(code: int, headers: Mapping[str, str] | None = None) -> Fault:
    return faults.of_status(code, headers or {}, NOW)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (NO_NAME, "The host's name cannot be found. Check the address for a typing mistake."),
        (status(404), "There is no feed at this address any more (404). Look for its new address on the site."),
        (status(403), "The publisher refuses this feed reader (403). The publisher refuses programs here; look for"),
        (status(503), "The publisher's server is unavailable (503). Try again later, or open the address in"),
    ],
    ids=["no such name", "not there", "refused", "unavailable"],
)
def test_the_advice_is_given_once(fault: Fault, says: str) -> None:
    assert explain(OWN, fault).startswith(f"I could not read <{OWN}>. {says}")


@pytest.mark.parametrize("fault", [NO_NAME, status(404), status(503)], ids=lambda fault: fault.kind.value)
def test_a_feed_of_the_directory_is_nobodys_typing_mistake(fault: Fault) -> None:
    said = explain(directory.entries()[0].url, fault)
    assert "this is no mistake of yours: it cannot be read just now. Try again later." in said
    assert "Check" not in said
    assert "Look for" not in said


def test_what_is_wrong_is_said_in_the_readers_language() -> None:
    with use_language("fr"):
        said = explain(OWN, NO_NAME)
        assert "host" not in said
        assert "faute de frappe" in said
        assert "(503)" in explain(OWN, status(503))


def test_a_feed_in_trouble_names_the_status_that_was_answered() -> None:
    assert reason(FaultKind.HTTP, status(503).detail) == "its server answers with an error (503)."
    assert reason(FaultKind.HTTP, None) == "its server answers with an error."
    assert reason(FaultKind.TIMEOUT, "The server did not answer in time.") == "its server does not answer in time."
