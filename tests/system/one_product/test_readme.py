"""Each shell example of the README works, in one shell and in their order, beside a running product."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.system.product import REPOSITORY, Product, environ
from tests.system.readme import Example, examples

README = (REPOSITORY / "README.md").read_text()
EXAMPLES = [example for example in examples(README) if not example.skipped]
_MARK = "=== example at line "

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def outputs(product: Product, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What each example printed, by its line; an example that failed ends the shell, so those after it are missing."""
    requires(shutil.which("bash") and shutil.which("curl"), "bash and curl, for the examples")
    copy = tmp_path_factory.mktemp("readme") / "mailprobe"
    ignored = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(REPOSITORY, copy, ignore=ignored)
    script = "\n".join(f"echo '{_MARK}{example.line}'\n{example.script}" for example in EXAMPLES)
    paths = f"{Path(sys.executable).parent}:{environ()['PATH']}"
    # From a file, so that no program of an example can read the rest of the script as its input.
    (copy.parent / "examples.sh").write_text(script)
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", copy.parent / "examples.sh"],
        cwd=copy,
        env=environ() | {"PATH": paths, "DATA": str(product.data), "PORT": str(product.port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    printed = {int(part.partition("\n")[0]): part.partition("\n")[2] for part in ran.stdout.split(_MARK)[1:]}
    if ran.returncode:
        failed = max(printed)
        printed[failed] = f"exit status {ran.returncode}: {printed[failed]}"
    return printed


def test_the_readme_has_examples_to_run() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line {example.line}")
def test_example_works(example: Example, outputs: dict[int, str]) -> None:
    assert example.line in outputs, "an example before it failed"
    assert not outputs[example.line].startswith("exit status"), outputs[example.line]


def test_the_curl_line_that_make_run_prints_works_when_pasted(product: Product) -> None:
    requires(shutil.which("curl"), "curl")
    line = next(line for line in product.output().splitlines() if "curl " in line)
    command = line[line.index("curl ") :]
    ran = subprocess.run(
        ["bash", "-c", command], cwd="/", env=environ(), capture_output=True, text=True, timeout=60, check=True
    )
    assert '"code":"de"' in ran.stdout.replace(" ", "")
