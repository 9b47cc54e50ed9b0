"""The command lines of the three programs: examples that work, and a version and completion everywhere."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.metadata import version

import pytest

from agent.__main__ import _parser as agent_parser
from agent.__main__ import _whole_parser
from agent.commands import check, doctor
from controller.commands.line import _parser as controller_parser
from deploy.local.options import new_parser as local_parser
from shared.command_line import SHELLS
from tests.conftest import requires

PARSERS = {
    "mailprobe-agent": agent_parser,
    "mailprobe-agent with its commands": _whole_parser,
    "mailprobe-agent check": check.new_parser,
    "mailprobe-agent doctor": doctor.new_parser,
    "mailprobe-controller": controller_parser,
    "mailprobe-local": local_parser,
}
Completion = Callable[[str, str], str]


def every_parser(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from every_parser(command)


def test_every_example_of_a_check_is_accepted() -> None:
    examples = re.findall(r"^  mailprobe-agent check (.*)$", check.new_parser().format_help(), re.MULTILINE)
    assert len(examples) >= 3
    users = [check._address(check.new_parser().read(shlex.split(example))).user for example in examples]
    assert "anna@example.com" in users


@pytest.mark.parametrize("name", PARSERS)
def test_no_help_shows_what_argparse_should_have_replaced(name: str) -> None:
    for parser in every_parser(PARSERS[name]()):
        text = parser.format_help()
        assert "%%" not in text
        assert "%(" not in text


@pytest.mark.parametrize("name", PARSERS)
def test_every_command_says_its_version(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for parser in every_parser(PARSERS[name]()):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(["--version"])
        assert (ended.value.code, capsys.readouterr().out) == (0, f"mailprobe {version('mailprobe')}\n")


@pytest.fixture
def completion(capsys: pytest.CaptureFixture[str]) -> Completion:
    def printed(program: str, shell: str) -> str:
        with pytest.raises(SystemExit) as ended:
            PARSERS[program]().parse_args(["--print-completion", shell])
        script = capsys.readouterr().out
        assert (ended.value.code, bool(script)) == (0, True)
        return script

    return printed


@pytest.mark.parametrize(
    ("program", "line", "completed"),
    [
        pytest.param("mailprobe-agent", "che", {"check"}, id="a command"),
        pytest.param("mailprobe-agent", "check --startt", {"--starttls"}, id="an option of a command"),
        pytest.param("mailprobe-agent", "check --starttls opp", {"opportunistic"}, id="a choice"),
        pytest.param("mailprobe-agent", "run --enrolment LICE", {"LICENSE"}, id="a file"),
        pytest.param("mailprobe-controller", "locations ro", {"rotate"}, id="a command of a command"),
        pytest.param("mailprobe-controller", "bootstrap --token-file LICE", {"LICENSE"}, id="a path"),
        pytest.param("mailprobe-local", "--countr", {"--countries"}, id="an option"),
    ],
)
def test_bash_completes_commands_options_and_files(
    completion: Completion, program: str, line: str, completed: set[str]
) -> None:
    requires(shutil.which("bash") is not None, "bash")
    words = [program, *line.split()]
    script = (
        f"{completion(program, 'bash')}\n"
        f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}\n"
        f"complete=($(complete -p {program}))\n"
        "for ((i = 0; i < ${#complete[@]}; i++)); do [ ${complete[i]} = -F ] && function=${complete[i + 1]}; done\n"
        f'$function {program} "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert set(done.stdout.split()) == completed, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_each_shell(completion: Completion, shell: str) -> None:
    script = completion("mailprobe-agent", shell)
    assert "mailprobe-agent" in script
    assert "starttls" in script
