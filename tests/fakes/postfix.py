"""A real Postfix of the test's own: private config and queue, loopback, free ports; logins by Dovecot's auth service.

with start_postfix(folder) as postfix: ... postfix.port ... postfix.stop() ... postfix.start()
"""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.certificates import ADDRESS, Certificates

HOST_NAME = "mail.postfix.test"
_SECONDS = 20.0

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
myhostname = {name}
mydestination = {name}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
local_transport = error:closed
default_transport = error:closed
alias_maps =
local_recipient_maps =
smtpd_banner = $myhostname ESMTP
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_event_limit_exceptions = static:all
smtpd_error_sleep_time = 0
smtpd_tls_security_level = {security}
smtpd_tls_cert_file = {folder}/tls/server.pem
smtpd_tls_key_file = {folder}/tls/server.key
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth/socket
smtpd_sasl_auth_enable = {sasl}
"""

_MASTER = """
127.0.0.1:{port} inet n - n - 50 smtpd
127.0.0.1:{tls_port} inet n - n - 50 smtpd -o smtpd_tls_wrappermode={wrapper}
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

_DOVECOT = """
protocols =
base_dir = {folder}/auth/run
state_dir = {folder}/auth/state
log_path = {folder}/log/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/auth/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home=/nonexistent
}}
service auth {{
  unix_listener {folder}/auth/socket {{
    mode = 0666
  }}
}}
"""


class PostfixError(Exception):
    """It did not start or stop; the message has its own words."""


def missing_for_postfix(*, login: bool = False) -> str | None:
    """What keeps a test from starting Postfix here, in words; None when nothing does."""
    if os.geteuid() != 0:
        return "root, to start Postfix"
    if shutil.which("postfix", path=_path()) is None:
        return "Postfix"
    if login and shutil.which("dovecot", path=_path()) is None:
        return "Dovecot, for Postfix to check logins with"
    return None


class Postfix:
    """`port` speaks SMTP (with STARTTLS when there are certificates), `tls_port` TLS from the first byte."""

    def __init__(self, folder: Path, certificates: Certificates | None, login: tuple[str, str] | None) -> None:
        self.port, self.tls_port = _free_port(), _free_port()
        self._folder = folder
        self._auth: subprocess.Popen[bytes] | None = None
        self._master: subprocess.Popen[bytes] | None = None
        self._login = login
        _write_files(self, folder, certificates, login)

    @property
    def log(self) -> str:
        path = self._folder / "log" / "mail.log"
        return path.read_text() if path.exists() else ""

    def start(self) -> None:
        """Return when it answers. Raises PostfixError."""
        if self._login and self._auth is None:
            self._auth = _spawn(["dovecot", "-F", "-c", str(self._folder / "dovecot.conf")], self._folder)
            _until((self._folder / "auth" / "socket").exists, self._auth, self._folder)
        config = str(self._folder / "config")
        # `postfix start-fg` keeps a shell between us and its master; the check before makes the queue's folders.
        subprocess.run(["postfix", "-c", config, "check"], env=_environment(), check=True, capture_output=True)
        self._master = _spawn([f"{_daemons()}/master", "-c", config, "-s"], self._folder)
        _until(lambda: _answers(self.port), self._master, self._folder)

    def stop(self) -> None:
        """Return when nobody listens any more; `start` begins again on the same ports."""
        if self._master is not None:
            _end(self._master)
            self._master = None
            deadline = time.monotonic() + _SECONDS
            while any(
                _listens(port) for port in (self.port, self.tls_port)
            ):  # its smtpd processes have the sockets too
                if time.monotonic() > deadline:
                    raise PostfixError("did not stop")
                time.sleep(0.02)

    def close(self) -> None:
        self.stop()
        if self._auth is not None:
            _end(self._auth)
            self._auth = None


@contextmanager
def start_postfix(
    folder: Path | None = None,
    *,
    certificates: Certificates | None = None,
    login: tuple[str, str] | None = None,
) -> Iterator[Postfix]:
    """A running Postfix. `folder` must be empty and reachable by every user; by default one is made and removed."""
    with TemporaryDirectory(prefix="mp-postfix-", ignore_cleanup_errors=True) as own:
        place = folder or Path(own)
        place.chmod(0o755)
        postfix = Postfix(place, certificates, login)
        try:
            postfix.start()
            yield postfix
        finally:
            postfix.close()


def _write_files(
    postfix: Postfix, folder: Path, certificates: Certificates | None, login: tuple[str, str] | None
) -> None:
    for name in ("config", "queue", "data", "log", "tls", "auth"):
        (folder / name).mkdir(mode=0o755)
    owner = pwd.getpwnam("postfix")
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    if certificates:
        certificates.write(folder / "tls")
    values = {
        "folder": folder,
        "name": HOST_NAME,
        "daemons": _daemons(),
        "port": postfix.port,
        "tls_port": postfix.tls_port,
        "security": "may" if certificates else "none",
        "wrapper": "yes" if certificates else "no",
        "sasl": "yes" if login else "no",
    }
    (folder / "config" / "main.cf").write_text(_MAIN.format(**values))
    (folder / "config" / "master.cf").write_text(_MASTER.format(**values))
    if login:
        (folder / "dovecot.conf").write_text(_DOVECOT.format(**values))
        users = folder / "auth" / "users"
        users.write_text(f"{login[0]}:{{PLAIN}}{login[1]}\n")
        shutil.chown(users, group="dovecot")
        users.chmod(0o640)


def _spawn(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start in a process group of its own; on Linux it ends with the test run, however that ends."""
    death = ["setpriv", "--pdeathsig", "TERM"] if sys.platform == "linux" else []
    with (folder / "log" / "start.log").open("ab") as log:
        return subprocess.Popen(
            [*death, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started; Dovecot's helpers outlive their master by a while."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_SECONDS)


def _until(ready: object, process: subprocess.Popen[bytes], folder: Path) -> None:
    assert callable(ready)
    deadline = time.monotonic() + _SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            logs = [path.read_text()[-2000:] for path in sorted((folder / "log").iterdir())]
            raise PostfixError("\n".join(["did not start", *logs]))
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        connection.settimeout(2)
        return connection.connect_ex((ADDRESS, port)) != errno.ECONNREFUSED


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((ADDRESS, port), timeout=2) as connection:
            connection.settimeout(2)
            return connection.recv(3) == b"220"
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        port: int = taken.getsockname()[1]
        return port


def _daemons() -> str:
    return "/usr/lib/postfix/sbin" if Path("/usr/lib/postfix/sbin").is_dir() else "/usr/libexec/postfix"


def _environment() -> dict[str, str]:
    return os.environ | {"PATH": _path()}


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin"
