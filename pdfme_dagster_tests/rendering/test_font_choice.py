"""Fonts that are added: which one stands where none is named, which ones stand in, what is refused."""

from importlib.resources import files

import pytest

from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.rendering.font_choice import FontChoice, choose_fonts

BOLD = (files("font_roboto") / "files" / "Roboto-Bold.ttf").read_bytes()


def test_without_any_the_shipped_ones_are_there_and_roboto_is_the_fallback() -> None:
    assert choose_fonts({}).fallback == FontChoice().fallback == "Roboto"
    assert "NotoSansArabic" in choose_fonts({}).make_book("box").names


def test_the_first_is_the_fallback_unless_another_is_named() -> None:
    both = {"One": BOLD, "Two": BOLD}
    assert choose_fonts(both).fallback == "One"
    assert choose_fonts(both, fallback="Two").fallback == "Two"
    assert choose_fonts(both, fallback="Roboto-Light").fallback == "Roboto-Light"


def test_all_of_them_stand_in_before_the_shipped_ones() -> None:
    choice = choose_fonts({"One": BOLD, "Two": BOLD})
    assert choice.stand_ins == ("One", "Two", "Roboto", "NotoSansArabic")
    assert choice.make_book("box").find("").first is choice.faces["One"]


def test_a_font_comes_before_the_shipped_one_of_its_name() -> None:
    choice = choose_fonts({"Roboto": BOLD})
    assert choice.faces["Roboto"] is not FontChoice().faces["Roboto"]
    assert choice.stand_ins == ("Roboto", "NotoSansArabic")


def test_what_is_no_font_or_not_there_is_told_with_its_name() -> None:
    with pytest.raises(ConfigurationError, match="font Own: is no TrueType font; use a"):
        choose_fonts({"Own": b"no font"})
    with pytest.raises(ConfigurationError, match="fallback font Own is not there; use Roboto, "):
        choose_fonts({}, fallback="Own")
