"""`trust`: the keys of an installation, by which controllers and agents know each other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controller.commands.command import CommandError, settings_of
from controller.settings import TrustSettings
from controller.trust import keys, request_keys
from controller.trust.server_config import server_config
from shared.clock import utc_now

if TYPE_CHECKING:
    from controller.commands.command import Commands


_ROTATION = """\
Change the key that requests are signed with, without a gap:

  1. rotate-requests          adds a second key. Copy the trust file to every controller, write every location a
                              new enrolment file (locations rotate CODE), and restart its agents with it.
  2. rotate-requests --use    signs with it. Copy the trust file to every controller, and restart them one by one.
  3. rotate-requests --drop   drops the first. Copy the trust file to every controller. Agents believe the first key
                              until their next enrolment file: when it has leaked, write those anew once more.

Agents refuse requests signed with a key that is not in their enrolment file, and their location is blind, so do not go
on before a step is done everywhere. After step 2, --use goes back.
"""


def add(commands: Commands) -> None:
    trust = commands.add_parser("trust", help="the keys of this installation").add_subparsers(
        required=True, metavar="COMMAND"
    )
    new = trust.add_parser("new", help="make them, once")
    new.add_argument("--file", type=Path, required=True, metavar="FILE", help="where to write them")
    new.set_defaults(command=_new)
    rotate = trust.add_parser(
        "rotate-requests",
        help="change the key that requests are signed with",
        description=_ROTATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rotate.add_argument("--trust-file", metavar="FILE", help="(default: MAILPROBE_TRUST_FILE)")
    step = rotate.add_mutually_exclusive_group()
    step.add_argument("--use", action="store_true", help="sign with the other key (twice: go back)")
    step.add_argument("--drop", action="store_true", help="drop the key that does not sign")
    rotate.set_defaults(command=_rotate_requests)
    config = trust.add_parser("nats-config", help="print what nats-server.conf must include; it holds no secret")
    config.add_argument("--trust-file", metavar="FILE", help="(default: MAILPROBE_TRUST_FILE)")
    config.set_defaults(command=_nats_config)


async def _new(options: argparse.Namespace) -> None:
    try:
        keys.write(options.file, keys.new_trust())
    except keys.TrustError as error:
        raise CommandError(str(error)) from error
    print(f"made {options.file}: keep it as secret as a key, and a copy of it where it is not lost")


async def _nats_config(options: argparse.Namespace) -> None:
    settings = settings_of(TrustSettings, trust_file=options.trust_file)
    print(server_config(settings.trust_file.value, utc_now()), end="")


async def _rotate_requests(options: argparse.Namespace) -> None:
    file = settings_of(TrustSettings, trust_file=options.trust_file).trust_file
    if options.use:
        step, then = request_keys.with_the_other_first, "copy it to every controller and restart them, then --drop"
    elif options.drop:
        step, then = request_keys.with_one, "copy it to every controller"
    else:
        step, then = request_keys.with_another, "copy it to every controller and rotate every location, then --use"
    try:
        trust = step(file.value)
        keys.write(file.path, trust, replace=True)
    except keys.TrustError as error:
        raise CommandError(str(error)) from error
    signing, *others = request_keys.key_ids(trust)
    known = "".join(f", {other} is known too" for other in others)
    print(f"changed {file.path}: requests are signed with key {signing}{known}")
    print(f"now {then}")
