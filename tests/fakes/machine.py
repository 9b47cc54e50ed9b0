"""A Debian machine with its own systemd: namespaces over this machine's files, none of which it can change."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_NAMESPACES = ("--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--net")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_START_SECONDS = 240.0
# The overlay's upper layer is in memory, because it cannot lie on another overlay, which containers have as root.
_BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
ip link set lo up
hostname clean
# Services that this machine starts must not start in the new one.
rm -rf etc/systemd/system/*.wants var/lib/systemd/linger
mkdir -p before
pivot_root . before
umount -l /before
mount --make-rshared /
cat /proc/sys/kernel/random/uuid | tr -d - >/etc/machine-id
exec env -i container=lxc PATH="$PATH" /lib/systemd/systemd --system --unit=multi-user.target --show-status=no
"""


class Machine:
    """A running machine; `leader` is the process id of its first process, seen from outside."""

    def __init__(self, leader: int) -> None:
        self.leader = leader

    @property
    def root(self) -> Path:
        """The root of its files, seen from outside."""
        return Path(f"/proc/{self.leader}/root")

    def run(
        self, script: str, *, online: bool = False, environ: Mapping[str, str] | None = None, seconds: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a bash script as root on it, with this machine's network if `online`, else with only a loopback."""
        namespaces = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", *(() if online else ("--net",)))
        return subprocess.run(
            ["nsenter", f"--target={self.leader}", *namespaces, "bash", "-eu", "-o", "pipefail", "-c", script],
            cwd="/",
            env={"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )


def missing_for_machine() -> str | None:
    """What a test lacks to start such a machine here, or None."""
    for program in ("unshare", "nsenter", "ip"):
        if not shutil.which(program):
            return program
    if not Path("/lib/systemd/systemd").exists():
        return "systemd"
    if os.geteuid() != 0:
        return "root"
    overlay = "mkdir a b c && mount -t overlay overlay -o lowerdir=/,upperdir=a,workdir=b c"
    mounts = f"mount -t tmpfs tmpfs /mnt && cd /mnt && {overlay} && mount -t cgroup2 cgroup2 c/mnt"
    tried = subprocess.run(["unshare", *_NAMESPACES, "sh", "-c", mounts], capture_output=True, timeout=30, check=False)
    return None if tried.returncode == 0 else "the right to make namespaces and mounts"


@contextmanager
def start_machine(folder: Path) -> Iterator[Machine]:
    """A machine that has booted; `folder` must be empty, and nothing else may use it. At the end its processes and all
    files they wrote are gone. Raises TimeoutError with the machine's output when it does not come up.
    """
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        started = subprocess.Popen(
            ["unshare", *_NAMESPACES, "sh", "-c", _BOOT, "boot", folder],
            env={"PATH": _PATH},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while (machine := _booted(started.pid)) is None:
            if started.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(log.read_text(errors="replace"))
            time.sleep(0.05)
        yield machine
    finally:
        started.kill()
        started.wait()


def _booted(pid: int) -> Machine | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if not children:
        return None
    machine = Machine(int(children[0]))
    running = machine.run("systemctl is-system-running", seconds=60)
    return machine if running.stdout.strip() in ("running", "degraded") else None
