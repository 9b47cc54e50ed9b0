"""A real Dovecot for tests: IMAP and POP3 in clear, with STARTTLS and under TLS, and logins for Postfix.

with start_dovecot(certificates=certificates) as dovecot: ... dovecot.imap_port ... dovecot.pop3s_port
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.daemon import end, environment, greets, search_path, spawn, wait_until
from tests.fakes.ports import free_port

FULL, EMPTY = "alice", "bob"
PASSWORD = "wonder land"
STRICT_ADDRESS = "127.0.0.2"
"""The address where Dovecot requires TLS before a password; it treats a connection from its own address as secure."""

MECHANISMS = ("plain", "login", "cram-md5", "apop")
MESSAGES = 3
ACCENTED_MAILBOX = "Entwürfe & Ähnliches"

_OWNER = "mail"
_ACCENTED_FOLDER = ".Entw&APw-rfe &- &AMQ-hnliches"

_BASE = """
listen = {address}, {strict}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log/dovecot.log
auth_mechanisms = {mechanisms}
disable_plaintext_auth = yes
haproxy_trusted_networks = 127.0.0.0/8
haproxy_timeout = 1 secs
auth_failure_delay = 0
mail_max_userip_connections = 0
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={folder}/mail/%n
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
"""

_MAIL = """
protocols = imap pop3
mail_location = maildir:{folder}/mail/%n
mail_fsync = never
pop3_lock_session = yes
service imap-login {{
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
  inet_listener imap_behind_proxy {{
    port = {imap_behind_proxy}
    haproxy = yes
  }}
}}
service pop3-login {{
  process_min_avail = 1
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
  inet_listener pop3_behind_proxy {{
    port = {pop3_behind_proxy}
    haproxy = yes
  }}
}}
"""

_TLS = """
ssl = yes
ssl_cert = <{folder}/tls/server.pem
ssl_key = <{folder}/tls/server.key
"""


def missing_for_dovecot() -> str | None:
    """What a test lacks to start Dovecot on this machine, or None."""
    if os.geteuid() != 0:
        return "root, to start Dovecot"
    if shutil.which("dovecot", path=search_path()) is None:
        return "Dovecot"
    if not _version().startswith("2.3."):
        return "Dovecot 2.3 (other versions spell their settings differently)"
    return None


@cache
def _version() -> str:
    completed = subprocess.run(["dovecot", "--version"], env=environment(), check=True, capture_output=True, text=True)
    return completed.stdout


class Dovecot:
    """By default its users are FULL, whose mailbox holds MESSAGES, and EMPTY.

    If `protocols` is false it only checks logins for Postfix on `auth_socket`. Passwords are hashed with `scheme`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        certificates: Certificates | None = None,
        mechanisms: Sequence[str] = MECHANISMS,
        users: Mapping[str, str] | None = None,
        scheme: str = "PLAIN",
        protocols: bool = True,
    ) -> None:
        self.imap_port, self.imaps_port, self.pop3_port, self.pop3s_port = (free_port() for _ in range(4))
        self.imap_behind_proxy, self.pop3_behind_proxy = free_port(), free_port()  # where a PROXY header comes first
        self.auth_socket = folder / "auth"
        self._folder = folder
        self._protocols = protocols
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("log", "tls", "mail"):
            (folder / name).mkdir(mode=0o755)
        if certificates:
            certificates.write(folder / "tls")
        config = _BASE + (_MAIL if protocols else "protocols =\n") + (_TLS if certificates else "ssl = no\n")
        (folder / "dovecot.conf").write_text(
            config.format(
                folder=folder,
                address=ADDRESS,
                strict=STRICT_ADDRESS,
                mechanisms=" ".join(mechanisms),
                owner=_OWNER,
                imap=self.imap_port,
                imaps=self.imaps_port,
                pop3=self.pop3_port,
                pop3s=self.pop3s_port,
                imap_behind_proxy=self.imap_behind_proxy,
                pop3_behind_proxy=self.pop3_behind_proxy,
            )
        )
        _write_users(folder / "users", users or {FULL: PASSWORD, EMPTY: PASSWORD}, scheme)
        if protocols:
            _write_mail(folder / "mail")

    def start(self) -> None:
        """Return when Dovecot answers. Raises DaemonError."""
        command = ["dovecot", "-F", "-c", str(self._folder / "dovecot.conf")]
        self._process = spawn(command, self._folder / "log" / "start.log")
        wait_until(self._answers, self._process, self._folder / "log")

    def break_mailbox(self, user: str) -> None:
        """Make the login of a user succeed and its mailbox unusable, as a disk that is away does."""
        (self._folder / "mail" / user).write_text("a file, where a folder should be")

    def close(self) -> None:
        if self._process is not None:
            end(self._process)
            self._process = None

    def _answers(self) -> bool:
        if not self._protocols:
            return self.auth_socket.exists()
        return greets(self.imap_port, b"* OK") and greets(self.pop3_port, b"+OK")


@contextmanager
def start_dovecot(
    *,
    certificates: Certificates | None,
    mechanisms: Sequence[str] = MECHANISMS,
    users: Mapping[str, str] | None = None,
    scheme: str = "PLAIN",
) -> Iterator[Dovecot]:
    """A running Dovecot in a temporary folder."""
    with TemporaryDirectory(prefix="mp-dovecot-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        path.chmod(0o755)
        dovecot = Dovecot(path, certificates=certificates, mechanisms=mechanisms, users=users, scheme=scheme)
        try:
            dovecot.start()
            yield dovecot
        finally:
            dovecot.close()


def _write_users(path: Path, users: Mapping[str, str], scheme: str) -> None:
    path.write_text("".join(f"{user}:{_stored(password, scheme)}\n" for user, password in users.items()))
    shutil.chown(path, group="dovecot")
    path.chmod(0o640)


def _stored(password: str, scheme: str) -> str:
    """The password in the form of the users file; in hexadecimal, so that it may contain the file's own separators."""
    if scheme == "PLAIN":
        return "{PLAIN.HEX}" + password.encode().hex()
    command = ["doveadm", "-O", "pw", "-s", scheme, "-p", password]
    completed = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
    return completed.stdout.strip()


def _write_mail(folder: Path) -> None:
    owner = pwd.getpwnam(_OWNER)
    for user, inbox in ((FULL, MESSAGES), (EMPTY, 0)):
        _write_maildir(folder / user, inbox)
    _write_maildir(folder / FULL / _ACCENTED_FOLDER, 1)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _write_maildir(folder: Path, messages: int) -> None:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number in range(messages):
        message = f"From: a@example.test\r\nSubject: {number}\r\n\r\nhello\r\n"
        (folder / "cur" / f"{1700000000 + number}.{number}.test:2,").write_text(message, newline="")
