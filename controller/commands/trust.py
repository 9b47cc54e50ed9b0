"""The command `trust`: the keys of an installation, by which controllers and agents authenticate each other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controller.commands import trust_review
from controller.commands.command import CommandError, settings_of
from controller.commands.trust_entry import record_trust
from controller.model.audit import AuditAction
from controller.settings import TrustSettings
from controller.trust import keys, request_keys
from controller.trust.server_config import server_config
from shared.clock import utc_now

if TYPE_CHECKING:
    from controller.commands.command import Commands


_ROTATION = """\
Replace the key that requests are signed with, without a gap:

  1. rotate-requests          adds a second key. Copy the trust file to every controller, write a new enrolment file
                              for every location (locations rotate CODE), and restart its agents with it.
  2. rotate-requests --use    signs with the second key. Copy the trust file to every controller, and restart the
                              controllers one by one.
  3. rotate-requests --drop   drops the first key. Copy the trust file to every controller. Agents accept the first
                              key until their next enrolment file: if it has leaked, write new files once more.

Agents refuse requests signed with a key that is not in their enrolment file, and their location is then blind. So
finish each step everywhere before the next one. After step 2, --use goes back to the first key.
"""


def add(commands: Commands) -> None:
    trust = commands.add_parser("trust", help="manage the keys of this installation").add_subparsers(
        required=True, metavar="COMMAND"
    )
    new = trust.add_parser("new", help="create the trust file of a new installation")
    new.add_argument("--file", type=Path, required=True, metavar="FILE", help="where to write it")
    new.set_defaults(command=_new)
    rotate = trust.add_parser(
        "rotate-requests",
        help="replace the key that requests are signed with",
        description=_ROTATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rotate.add_argument("--trust-file", metavar="FILE", help="the trust file (default: MAILPROBE_TRUST_FILE)")
    step = rotate.add_mutually_exclusive_group()
    step.add_argument("--use", action="store_true", help="sign with the other key; a second time goes back")
    step.add_argument("--drop", action="store_true", help="drop the key that does not sign")
    rotate.set_defaults(command=_rotate_requests)
    config = trust.add_parser("nats-config", help="print what nats-server.conf must include; it holds no secret")
    config.add_argument("--trust-file", metavar="FILE", help="the trust file (default: MAILPROBE_TRUST_FILE)")
    config.set_defaults(command=_nats_config)
    trust_review.add(trust)


async def _new(options: argparse.Namespace) -> None:
    try:
        keys.write(options.file, keys.new_trust())
    except keys.TrustError as error:
        raise CommandError(str(error)) from error
    print(f"created {options.file}: keep it secret, and keep a backup copy in a safe place")


async def _nats_config(options: argparse.Namespace) -> None:
    settings = settings_of(TrustSettings, trust_file=options.trust_file)
    print(server_config(settings.trust_file.value, utc_now()), end="")


async def _rotate_requests(options: argparse.Namespace) -> None:
    file = settings_of(TrustSettings, trust_file=options.trust_file).trust_file
    done = AuditAction.TRUST_KEY_ADDED
    if options.use:
        done = AuditAction.TRUST_KEY_USED
        step, then = request_keys.with_swapped_keys, "copy it to every controller and restart them, then --drop"
    elif options.drop:
        done = AuditAction.TRUST_KEY_DROPPED
        step, then = request_keys.with_signing_key_only, "copy it to every controller"
    else:
        step, then = request_keys.with_second_key, "copy it to every controller and rotate every location, then --use"
    try:
        trust = step(file.value)
        keys.write(file.path, trust, replace=True)
    except keys.TrustError as error:
        raise CommandError(str(error)) from error
    signing, *others = request_keys.key_ids(trust)
    known = "".join(f", {other} is accepted too" for other in others)
    print(f"changed {file.path}: requests are signed with key {signing}{known}")
    print(f"next: {then}")
    await record_trust(done, [signing, *others])
