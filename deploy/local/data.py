"""The data folder, where each part keeps its data. One instance at a time holds it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deploy.local import LocalError
from deploy.local.files import locked
from shared.nats.credentials import parse
from shared.private_files import write_private
from shared.wire import enrolment


@dataclass(frozen=True)
class DataFolder:
    """The paths below `root`. `opened` creates and locks the folder."""

    root: Path

    @property
    def token(self) -> Path:
        return self.root / "token"

    @property
    def machine_token(self) -> Path:
        return self.root / "machine-token"

    @property
    def password(self) -> Path:
        return self.root / "password"

    @property
    def vault_key(self) -> Path:
        return self.root / "vault.key"

    @property
    def trust(self) -> Path:
        return self.root / "trust.json"

    @property
    def record(self) -> Path:
        return self.root / "local.json"

    @property
    def enrolments(self) -> Path:
        return self.root / "enrolments"

    def enrolment(self, location: str) -> Path:
        return self.enrolments / f"{location}.json"

    @property
    def agents(self) -> Path:
        """Where agents keep what must survive a restart."""
        return self.root / "agents"

    def log(self, part: str) -> Path:
        return self.root / "log" / f"{part}.log"

    def secret(self, path: Path) -> str:
        """The content of a file of one line. Raises LocalError when it cannot be read."""
        try:
            return path.read_text().strip()
        except OSError as error:
            raise LocalError(f"{path}: {error.strerror}") from None

    def secret_or_none(self, path: Path) -> str | None:
        """The content of a file of one line; None when there is no such file. Raises LocalError."""
        return self.secret(path) if path.exists() else None

    def write_record(self, record: Mapping[str, object]) -> None:
        """Rewrite `local.json`, through which scripts find the parts. Raises OSError."""
        write_private(self.record, json.dumps(record, indent=2) + "\n")

    def enrolled(self) -> bool:
        """Whether any location has keys to log in with."""
        return any(self.enrolment_problem(path.stem, "") is None for path in self.enrolments.glob("*.json"))

    def enrolment_problem(self, location: str, trust: str) -> str | None:
        """Why a location's enrolment file is unusable, or None. `trust` is the output of `trust nats-config`, which
        names the key that logins must be signed with; if it is empty, any key will do.
        """
        try:
            known = enrolment.read(self.enrolment(location))
            signer = _signer(known.nats_credentials.reveal())
        except enrolment.EnrolmentError as error:
            return str(error)
        except (ValueError, LookupError):
            return "it holds no login to NATS"
        return None if not trust or signer in trust else "its login is for the keys of another installation"

    def remove_enrolment(self, location: str) -> None:
        """Remove an unusable file, which would prevent a new one. Raises OSError."""
        self.enrolment(location).unlink(missing_ok=True)

    def point_to_broker(self, location: str, nats_url: str) -> None:
        """Write the present address of NATS into an enrolment file. Raises LocalError when the file is not one."""
        path = self.enrolment(location)
        try:
            known = enrolment.read(path)
        except enrolment.EnrolmentError as error:
            raise LocalError(str(error)) from None
        if known.nats_url != nats_url:
            enrolment.write(path, msgspec.structs.replace(known, nats_url=nats_url))


def _signer(credentials: str) -> str:
    """The key that signed the login in a `.creds` file's text. Raises ValueError, LookupError."""
    claims = parse(credentials).jwt.split(".")[1]
    signer: str = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iss"]
    return signer


@contextmanager
def opened(root: Path) -> Iterator[DataFolder]:
    """Create the folder and lock it. `local.json` exists only while the product runs.

    Raises LocalError when the folder cannot be written or an earlier instance still runs.
    """
    data = DataFolder(root)
    with ExitStack() as held:
        try:
            for folder in (root, root / "enrolments", root / "log"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            held.enter_context(locked(root / "lock", wait=False))
            data.record.unlink(missing_ok=True)  # left by an instance that was killed
        except BlockingIOError:
            raise LocalError(f"an earlier instance runs on {root}: stop it first, or choose another DATA") from None
        except OSError as error:
            raise LocalError(f"cannot use the data folder: {error.filename}: {error.strerror}") from error
        try:
            yield data
        finally:
            data.record.unlink(missing_ok=True)
