"""The controller's command line: parses the arguments, runs a command, and reports an error in one line.

Exit status: 0 done, 1 refused or failed, 2 wrong usage or settings. The commands are in controller.commands.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import uvloop

from controller.commands import (
    installation,
    locations,
    login_link,
    machine_token,
    organizations,
    subscribers,
    tokens,
    trust,
    users,
    vault_keys,
    watch,
)
from controller.commands.command import CommandError
from controller.errors import DomainError
from controller.operations.installation.row_files import FileError
from controller.store.platform import migrate
from controller.store.platform.pool import REFUSED, StoreUnavailableError
from shared.command_line import add_completion, add_version
from shared.settings import SettingsError

if TYPE_CHECKING:
    from controller.commands.command import Command


def run(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status. Raises KeyboardInterrupt."""
    options = _parser().parse_args(arguments)
    try:
        command: Command = options.command
        uvloop.run(command(options))
    except SettingsError as error:
        for problem in error.problems:
            print(f"mailprobe-controller: {problem}", file=sys.stderr)
        return 2
    except (CommandError, DomainError, FileError, migrate.SchemaError) as error:
        return _failed(str(error))
    except StoreUnavailableError as error:
        return _failed(f"the database is unavailable: {error}")
    except REFUSED as error:
        return _failed(f"the database refused the command: {error}")
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return 0


def _failed(message: str) -> int:
    print(f"mailprobe-controller: {' '.join(message.split())}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mailprobe-controller", description="The controller of Mailprobe.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for subject in (
        installation,
        login_link,
        machine_token,
        organizations,
        users,
        tokens,
        trust,
        locations,
        subscribers,
        vault_keys,
        watch,
    ):
        subject.add(commands)
    add_version(parser)
    add_completion(parser)
    return parser
