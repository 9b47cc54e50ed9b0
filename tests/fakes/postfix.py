"""A real Postfix for tests: private config and queue, loopback, free ports; Dovecot's auth service checks logins.

with start_postfix(folder) as postfix: ... postfix.port ... postfix.stop() ... postfix.start()
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.certificates import Certificates
from tests.fakes.daemon import end, environment, greets, search_path, spawn, wait_until, wait_until_closed
from tests.fakes.dovecot import Dovecot, missing_for_dovecot
from tests.fakes.ports import free_port

HOST_NAME = "mail.postfix.test"
KNOWN, UNKNOWN, GREYLISTED = (f"{name}@{HOST_NAME}" for name in ("alice", "nobody", "later"))
"""Recipients: accepted, refused for good, refused for now."""

RATE_LIMIT = 2
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")

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
local_transport = discard:
default_transport = error:closed
alias_maps =
local_recipient_maps =
smtpd_banner = $myhostname ESMTP
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_event_limit_exceptions = static:all
smtpd_error_sleep_time = 0
in_flow_delay = 0
smtpd_tls_security_level = {security}
smtpd_tls_cert_file = {folder}/tls/server.pem
smtpd_tls_key_file = {folder}/tls/server.key
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_auth_enable = {sasl}
smtpd_recipient_restrictions =
  check_recipient_access inline:{{ {{ {unknown} = 550 5.1.1 nobody }} {{ {greylisted} = 450 4.2.0 come again }} }},
  permit_mynetworks, reject_unauth_destination
"""

_MASTER = """
127.0.0.1:{port} inet n - n - 50 smtpd
127.0.0.1:{tls_port} inet n - n - 50 smtpd -o smtpd_tls_wrappermode={wrapper}
127.0.0.1:{limited_port} inet n - n - 50 smtpd -o smtpd_client_event_limit_exceptions=
  -o smtpd_client_connection_rate_limit={rate_limit}
127.0.0.1:{behind_proxy} inet n - n - 50 smtpd
  -o smtpd_upstream_proxy_protocol=haproxy -o smtpd_upstream_proxy_timeout=1s
127.0.0.1:{certified_port} inet n - n - 50 smtpd
  -o smtpd_tls_wrappermode={wrapper} -o smtpd_tls_req_ccert=yes -o smtpd_tls_CAfile={folder}/tls/ca.pem
{mechanisms}
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def missing_for_postfix(*, login: bool = False) -> str | None:
    """What a test lacks to start Postfix on this machine, or None."""
    if os.geteuid() != 0:
        return "root, to start Postfix"
    if shutil.which("postfix", path=search_path()) is None:
        return "Postfix"
    return missing_for_dovecot() if login else None


class Postfix:
    """`port` speaks SMTP (with STARTTLS when there are certificates), `tls_port` TLS from the first byte, and
    `certified_port` too, which requires a client certificate. `behind_proxy` expects the PROXY protocol. `limited_port`
    takes RATE_LIMIT connections of a client a minute, counted by anvil.

    If there is a login, which Dovecot checks, each of `mechanism_ports` offers one mechanism only.
    """

    def __init__(self, folder: Path, certificates: Certificates | None, login: tuple[str, str] | None) -> None:
        self.port, self.tls_port, *others = (free_port() for _ in range(2 + len(MECHANISMS)))
        self.behind_proxy, self.certified_port, self.limited_port = free_port(), free_port(), free_port()
        self.mechanism_ports = dict(zip(MECHANISMS, others, strict=True)) if login else {}
        self._folder = folder
        self._auth: Dovecot | None = None
        self._master: subprocess.Popen[bytes] | None = None
        _write_files(self, folder, certificates, login)
        if login:
            (folder / "auth").mkdir(mode=0o755)
            self._auth = Dovecot(
                folder / "auth", mechanisms=[name.lower() for name in MECHANISMS], users=dict([login]), protocols=False
            )

    @property
    def log(self) -> str:
        path = self._folder / "log" / "mail.log"
        return path.read_text() if path.exists() else ""

    def start(self) -> None:
        """Return when Postfix answers. Raises DaemonError."""
        if self._auth is not None:
            self._auth.start()
        config = str(self._folder / "config")
        # `postfix start-fg` would keep a shell between us and its master; `postfix check` creates the queue's folders.
        subprocess.run(["postfix", "-c", config, "check"], env=environment(), check=True, capture_output=True)
        logs = self._folder / "log"
        self._master = spawn([f"{_daemons()}/master", "-c", config, "-s"], logs / "start.log")
        wait_until(lambda: greets(self.port, b"220"), self._master, logs)

    def stop(self) -> None:
        """Return when nothing listens any more; `start` uses the same ports again."""
        if self._master is not None:
            end(self._master)
            self._master = None
            # its smtpd processes have the sockets too
            special = (self.tls_port, self.behind_proxy, self.certified_port, self.limited_port)
            wait_until_closed(self.port, *special, *self.mechanism_ports.values())
        if self._auth is not None:
            self._auth.close()


@contextmanager
def start_postfix(
    folder: Path | None = None,
    *,
    certificates: Certificates | None = None,
    login: tuple[str, str] | None = None,
) -> Iterator[Postfix]:
    """A running Postfix. `folder` must be empty and readable by every user; the default is a temporary folder."""
    with TemporaryDirectory(prefix="mp-postfix-", ignore_cleanup_errors=True) as own:
        place = folder or Path(own)
        place.chmod(0o755)
        postfix = Postfix(place, certificates, login)
        try:
            postfix.start()
            yield postfix
        finally:
            postfix.stop()


def _write_files(
    postfix: Postfix, folder: Path, certificates: Certificates | None, login: tuple[str, str] | None
) -> None:
    for name in ("config", "queue", "data", "log", "tls"):
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
        "limited_port": postfix.limited_port,
        "rate_limit": RATE_LIMIT,
        "behind_proxy": postfix.behind_proxy,
        "certified_port": postfix.certified_port,
        "security": "may" if certificates else "none",
        "wrapper": "yes" if certificates else "no",
        "sasl": "yes" if login else "no",
        "auth": folder / "auth" / "auth",
        "unknown": UNKNOWN,
        "greylisted": GREYLISTED,
        "mechanisms": "\n".join(
            f"127.0.0.1:{port} inet n - n - 50 smtpd -o smtpd_sasl_mechanism_filter={mechanism}"
            for mechanism, port in postfix.mechanism_ports.items()
        ),
    }
    (folder / "config" / "main.cf").write_text(_MAIN.format(**values))
    (folder / "config" / "master.cf").write_text(_MASTER.format(**values))


def _daemons() -> str:
    return "/usr/lib/postfix/sbin" if Path("/usr/lib/postfix/sbin").is_dir() else "/usr/libexec/postfix"
