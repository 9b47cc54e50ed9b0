"""The shell examples of the README and of docs/ work beside a running product: those of a page in one shell, in
order.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.system.product import REPOSITORY, Product, environ
from tests.system.readme import PAGES, Example, examples

EXAMPLES = [
    (page, example) for page in PAGES for example in examples((REPOSITORY / page).read_text()) if not example.skipped
]
_MARK = "=== example at line "


@pytest.fixture(scope="module")
def outputs(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[int, str]]:
    """What each example of a page printed, by its line; an example that failed ends the shell, so those after it are
    missing.
    """
    requires(shutil.which("bash") and shutil.which("curl"), "bash and curl, for the examples")
    copy = tmp_path_factory.mktemp("readme") / "mailprobe"
    ignored = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(REPOSITORY, copy, ignore=ignored)
    return cache(lambda page: _outputs(page, product, copy))


def _outputs(page: str, product: Product, copy: Path) -> dict[int, str]:
    chosen = [example for its_page, example in EXAMPLES if its_page == page]
    # From a file, so that no program of an example can read the rest of the script as its input.
    script = copy.parent / "examples.sh"
    script.write_text("\n".join(f"echo '{_MARK}{example.line}'\n{example.script}" for example in chosen))
    paths = f"{Path(sys.executable).parent}:{environ()['PATH']}"
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", script],
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
    assert len([page for page, _ in EXAMPLES if page == "README.md"]) >= 3


@pytest.mark.parametrize(
    ("page", "example"), EXAMPLES, ids=[f"{page} line {example.line}" for page, example in EXAMPLES]
)
def test_example_works(page: str, example: Example, outputs: Callable[[str], dict[int, str]]) -> None:
    printed = outputs(page)
    assert example.line in printed, "an example before it failed"
    assert not printed[example.line].startswith("exit status"), printed[example.line]


def test_the_curl_line_that_make_run_prints_works_when_pasted(product: Product) -> None:
    requires(shutil.which("curl"), "curl")
    line = next(line for line in product.output().splitlines() if "curl " in line and "/api/" in line)
    command = line[line.index("curl ") :]
    ran = subprocess.run(
        ["bash", "-c", command], cwd="/", env=environ(), capture_output=True, text=True, timeout=60, check=True
    )
    assert '"code":"de"' in ran.stdout.replace(" ", "")
