"""Folding and splitting: which spellings are the same word, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news import text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Gold's rally", "gold rally"),
        ("miners' strike, miner’s strike, miners strike", "miner strike miner strike miner strike"),
        ("batteries battery", "battery battery"),
        ("gas class tennis news status", "gas class tennis news status"),
        ("losses taxes crashes launches prices sizes", "loss tax crash launch price size"),
        ("embargoes surpluses crises gases cargoes", "embargo surplus crisis gas cargo"),
        ("shoes canoes", "shoe canoe"),
        ("Peñoles, Codelco — Zürich", "penole codelco zurich"),
        ("copper-gold", "copper gold"),
        ("U.S.-China", "us china"),
        ("U.S. tariffs. U.K.'s", "us tariff uk"),
        ("J.P. Morgan and J.P.Morgan", "jp morgan and jp morgan"),
        ("ends at noon. Gold", "end at noon gold"),
        ("1,234.5 tonnes", "1234.5 tonne"),
        ("$4,500 an ounce", "4500 an ounce"),
        ("up 5% to 1,5 or 12,34", "up 5 to 1,5 or 12,34"),
        ("Q2 2026 $6.7bn 0.25pt", "q2 2026 6.7bn 0.25pt"),
        ("黄U.S. l'or", "黄 us l or"),
        ("S&P/ASX 200", "s p asx 200"),
        ("l’or en Côte d'Ivoire", "l or en cote d ivoire"),
        ("O'Brien's don't", "o'brien don't"),
        ("ＧＯＬＤ　ｐｒｉｃｅ", "gold price"),
        ("Straße", "strasse"),
        ("黄金価格", "黄 金 価 格"),
        ("がガ", "が ガ"),
        ("ｶﾞｽ", "ガ ス"),
        ("ทอง", "ท อ ง"),
        ("リチウム3社", "リ チ ウ ム 3 社"),
        ("gold_price", "gold price"),
        ("🚀 — …", ""),
        ("", ""),
    ],
)
def test_words(written: str, expected: str) -> None:
    assert text.words(written) == expected.split()


def test_dakuten_is_not_an_accent() -> None:
    assert text.fold("が") != text.fold("か")
    assert text.fold("か\u3099") == text.fold("が")


@pytest.mark.parametrize("accented", ["é", "e\u0301", "É", "Ｅ\u0301"])
def test_accents_and_case_fold_away(accented: str) -> None:
    assert text.fold(accented) == "e"


@given(st.text(max_size=60))
def test_raw_words_and_words_run_in_step(written: str) -> None:
    assert [text.singular(word) for word in text.raw_words(written)] == text.words(written)
    assert all(text.words(written))


@given(st.text(max_size=60) | st.text("aei's.,S’1", max_size=12))
def test_words_written_out_read_the_same_again(written: str) -> None:
    words = text.words(written)
    assert text.words(" ".join(words)) == words


@given(st.text(max_size=40))
def test_case_and_width_never_matter(written: str) -> None:
    assert text.words(written.casefold()) == text.words(written)


def test_by_character() -> None:
    assert text.by_character("金")
    assert text.by_character("ท")
    assert not text.by_character("a")
    assert not text.by_character("")
