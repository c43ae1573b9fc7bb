"""`headframe mineral` and `headframe minerals`."""

from __future__ import annotations

import argparse

import pytest

from bot.minerals import cli


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    parser = argparse.ArgumentParser(prog="headframe")
    cli.add_parsers(parser.add_subparsers())
    arguments = parser.parse_args(words)
    status = arguments.handler(arguments)
    out = capsys.readouterr()
    return status, out.out, out.err


def test_a_mineral_by_a_misspelt_name_prints_its_four_pages(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "mineral", "alumnium")
    assert (status, err) == (0, "alumnium → Aluminium\n"), "said apart from the data"
    assert out.startswith("Aluminium · Al\n")
    for page in ("Aluminium · Al: supply", "Aluminium · Al: policy", "Aluminium · Al: market"):
        assert page in out


def test_one_page_of_a_name_of_two_words(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "mineral", "rare", "earths", "--page", "supply")
    assert (status, err) == (0, ""), "it is its name"
    assert "China: 69%" in out
    assert "policy" not in out


def test_an_unknown_name_is_one_sentence_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "mineral", "zzzzzz")
    assert (status, out) == (2, "")
    assert err.startswith("headframe: No mineral is called")
    assert err.count("\n") == 1


def test_members_of_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "minerals", "--list", "us-2025")
    assert status == 0
    assert out.count("\n• ") == 60


def test_what_a_list_added(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "minerals", "--list", "us-2025", "--against", "us-2022")
    assert status == 0
    assert out.count("\n+ ") == 10
    assert "+ Boron" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--list", "us-1999"], "Lists: us-2018"),
        (["--category", "shiny"], "Categories: "),
        (["--against", "us-2022"], "--against needs --list"),
    ],
)
def test_mistakes_end_with_status_2(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    status, out, err = run(capsys, "minerals", *words)
    assert (status, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(("words", "says"), [(["--lists"], "us-2025"), (["--risk"], "1. Gallium"), ([], "87 minerals")])
def test_overviews(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    status, out, _ = run(capsys, "minerals", *words)
    assert status == 0
    assert says in out
