"""Countries by their codes and names."""

from __future__ import annotations

from controller.model.values.countries import countries_by_name, country_name


def test_no_two_countries_are_called_the_same() -> None:
    names = [name for _, name in countries_by_name()]
    assert len(set(names)) == len(names)


def test_a_name_has_no_official_addition_that_it_can_do_without() -> None:
    assert (country_name("BO"), country_name("CG"), country_name("QQ")) == ("Bolivia", "Congo", "QQ")
    assert country_name("CD") == "Congo, Democratic Republic of the"
