"""What the choice of an organization shows."""

from __future__ import annotations

import msgspec


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    name: str
    chosen: bool


class OrganizationView(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the page that follows the choice."""

    choices: list[Choice]
    next: str


def organization_view(names: list[tuple[int, str]], *, chosen: int | None, following: str) -> OrganizationView:
    choices = [Choice(number=number, name=name, chosen=number == chosen) for number, name in names]
    return OrganizationView(choices=choices, next=following)
