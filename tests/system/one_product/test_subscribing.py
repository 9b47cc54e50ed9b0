"""The example of docs/streaming.md for NATS, run as a reader would: it goes on after a kill and repeats little."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.programs import program
from tests.system import monitors
from tests.system.product import REPOSITORY, Product, environ, eventually
from tests.system.smtpd import MailServer


@contextmanager
def following(script: Path, printed: Path, *arguments: str) -> Iterator[None]:
    """The running example, killed at the end."""
    with printed.open("a") as output:
        process = subprocess.Popen([sys.executable, script, *arguments], stdin=subprocess.DEVNULL, stdout=output)
    try:
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_the_example_prints_each_result_once_and_goes_on_after_a_kill(
    product: Product, mail_server: MailServer, tmp_path: Path
) -> None:
    example = re.search(
        r"^```python\n(.*?)^```$", (REPOSITORY / "docs/streaming.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert example
    script, printed, credentials = tmp_path / "follow.py", tmp_path / "printed", tmp_path / "results.creds"
    script.write_text(example[1])
    record = product.record
    settings = {
        "MAILPROBE_DATABASE_URL": record["databaseUrl"],
        "MAILPROBE_NATS_URL": record["natsUrl"],
        "MAILPROBE_TRUST_FILE": record["trustFile"],
    }
    made = subprocess.run(
        [program("mailprobe-controller"), "stream-credentials", "--organization", "Mailprobe", "--output", credentials],
        env=environ() | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    arguments = (record["natsUrl"], str(credentials), made.stdout.partition("consumer ")[2].split()[0])
    # Two locations may have results of the same millisecond, and then the same line.
    monitor = monitors.create(
        product, mail_server.port, smtpConfig={"ignoreTls": True}, allowedCheckCountryCodes=["DE"]
    )

    def results() -> list[str]:
        return [line for line in printed.read_text().splitlines() if f" {monitor} result success" in line]

    with following(script, printed, *arguments):
        eventually(lambda: len(results()) >= 2, "results are printed")
    before = results()
    with following(script, printed, *arguments):
        eventually(lambda: len({*results()}) >= len(before) + 2, "results are printed again")
    monitors.delete(product, monitor)
    after = results()[len(before) :]
    # What the kill left without an acknowledgement may come again.
    assert (len({*before}), len({*after})) == (len(before), len(after))
