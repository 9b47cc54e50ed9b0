"""Country codes as users write them, checked against ISO 3166-1. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from iso3166 import countries_by_alpha2

from controller.errors import InvalidError
from controller.model.values.json_rules import quoted

_SHORT = [one.apolitical_name.partition(",")[0] for one in countries_by_alpha2.values()]
_SHARED = {name for name in _SHORT if _SHORT.count(name) > 1}
"""Names of several countries, such as Korea."""


def country_code(text: str, *, field: str) -> str:
    """The alpha-2 code in upper case. Raises InvalidError."""
    # upper() can turn one letter that is not ASCII into two that are.
    code = text.upper() if text.isascii() else ""
    if code not in countries_by_alpha2:
        raise InvalidError(field, f"must hold ISO 3166-1 alpha-2 country codes: {quoted(text[:20])} is not one")
    return code


def country_list(codes: Iterable[str] | None, *, field: str) -> list[str] | None:
    """In upper case, without duplicates, in the same order; an empty list counts as no list. Raises InvalidError."""
    return list(dict.fromkeys(country_code(code, field=field) for code in codes or ())) or None


def countries_by_name() -> list[tuple[str, str]]:
    """Every country as its code and its name in English, by name."""
    return sorted(((code, country_name(code)) for code in countries_by_alpha2), key=lambda one: one[1])


def country_name(code: str) -> str:
    """The name of a country in English, without its official addition where no other country needs it to be told apart;
    the code where it is not known.
    """
    country = countries_by_alpha2.get(code)
    if country is None:
        return code
    short = country.apolitical_name.partition(",")[0]
    return country.apolitical_name if short in _SHARED else short
