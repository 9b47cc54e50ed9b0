"""The example of docs/api.md for the Python client that `make sdk` makes: the first monitor, from two countries."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import requires
from tests.docs.openapi.kept import present
from tests.sdk.wheel import GENERATOR, make_wheel
from tests.system.product import REPOSITORY, Product, environ
from tests.system.smtpd import MailServer


def test_the_first_monitor_with_the_generated_client(product: Product, mail_server: MailServer, tmp_path: Path) -> None:
    requires(GENERATOR.exists(), "openapi-python-client: make tools")
    page = (REPOSITORY / "docs/api.md").read_text()
    example = re.search(
        r"^```python\n(?P<script>(?:(?!^```).)*mailprobe_client.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    assert example
    with zipfile.ZipFile(make_wheel(asyncio.run(present()), tmp_path)) as wheel:
        wheel.extractall(tmp_path / "installed")
    script = tmp_path / "first.py"
    script.write_text(example["script"])
    before = product.api.get("/api/v1/monitors").json()["items"]
    ran = subprocess.run(
        [sys.executable, script, "127.0.0.1", str(mail_server.port)],
        env=environ()
        | {
            "PYTHONPATH": str(tmp_path / "installed"),
            "API": f"http://127.0.0.1:{product.port}",
            "TOKEN": (product.data / "token").read_text().strip(),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = set(ran.stdout.splitlines())
    assert found
    assert found <= {"de success", "us success"}
    assert product.api.get("/api/v1/monitors").json()["items"] == before
