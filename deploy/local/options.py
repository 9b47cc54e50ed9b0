"""The command line of mailprobe-local, checked before anything is started."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from iso3166 import countries_by_alpha2

from deploy.local import LocalError
from shared.command_line import add_completion, add_version


@dataclass(frozen=True, kw_only=True)
class Options:
    """`countries` are ISO 3166-1 alpha-2 codes in upper case, with one agent each; a location's code is its country's
    in lower case. `allow_networks` are networks (CIDR) that agents may reach although they are not public.
    """

    countries: tuple[str, ...]
    port: int
    data: Path
    allow_networks: tuple[str, ...]
    stop_with_parent: bool


def new_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailprobe-local",
        description="Start Mailprobe on this machine: PostgreSQL, NATS, a controller, and agents.",
    )
    parser.add_argument("--countries", default="DE US", help='countries with an agent each (default: "DE US")')
    parser.add_argument("--port", default="8080", help="port of the API (default: 8080)")
    parser.add_argument("--data", default="var", metavar="FOLDER", help="folder of all data and keys (default: var)")
    parser.add_argument(
        "--allow-networks", default="", help="networks that agents may reach besides public addresses (default: none)"
    )
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when the process that started this ends")
    add_version(parser)
    add_completion(parser)
    return parser


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Raises LocalError for an invalid value; argparse itself exits for an unknown option."""
    given = new_parser().parse_args(arguments)
    return Options(
        countries=_countries(given.countries),
        port=_port(given.port),
        data=Path(given.data).expanduser().absolute(),
        allow_networks=_networks(given.allow_networks),
        stop_with_parent=given.stop_with_parent,
    )


def _countries(text: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(text.replace(",", " ").upper().split()))
    unknown = [code for code in codes if code not in countries_by_alpha2]
    if unknown:
        raise LocalError(f'no such country: {", ".join(unknown)} (two letters each, as in COUNTRIES="DE US")')
    if not codes:
        raise LocalError('at least one country is needed, as in COUNTRIES="DE US"')
    return codes


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= port <= 65535:
        raise LocalError(f"not a port: {text!r} (1 to 65535)")
    return port


def _networks(text: str) -> tuple[str, ...]:
    networks = tuple(text.replace(",", " ").split())
    for network in networks:
        try:
            ip_network(network, strict=False)
        except ValueError as error:
            raise LocalError(f"not a network: {error}") from None
    return networks
