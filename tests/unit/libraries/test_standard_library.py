"""The inside of Python's `ssl` and `argparse`, in the one module each that uses it."""

from __future__ import annotations

import argparse
import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agent.net.peer_chain import peer_chain
from shared.command_line import add_completion, add_version


def handshake(server: ssl.SSLContext) -> ssl.SSLObject:
    """A client's side of a TLS connection, after the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = context.wrap_bio(to_client, to_server)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (here, there, here, there):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert here.version() is not None
    return here


def test_the_chain_is_read_from_a_connection_that_verifies_nothing() -> None:
    authority = trustme.CA()
    leaf = authority.create_child_ca().issue_cert("mail.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    chain = peer_chain(handshake(context))
    sent = [x509.load_pem_x509_certificate(blob.bytes()) for blob in leaf.cert_chain_pems]
    assert chain == [certificate.public_bytes(Encoding.DER) for certificate in sent]
    assert len(chain) == 2


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    """A program with an option of files, and a command with a command that has one, too."""
    parser = argparse.ArgumentParser("program")
    parser.add_argument("--file", metavar="FILE")
    command = parser.add_subparsers().add_parser("command", aliases=["alias"], help="a command")
    inner = command.add_subparsers().add_parser("inner", help="its command")
    inner.add_argument_group("a group").add_argument("--other", metavar="FILE")
    return parser


@pytest.mark.parametrize("line", [["--version"], ["command", "--version"], ["alias", "inner", "--version"]])
def test_every_command_gets_a_version_once(
    parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str], line: list[str]
) -> None:
    for _ in range(2):
        add_version(parser)
    with pytest.raises(SystemExit, match="0"):
        parser.parse_args(line)
    assert capsys.readouterr().out.startswith("mailprobe ")


def test_files_of_every_command_are_completed(
    parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    add_completion(parser)
    with pytest.raises(SystemExit, match="0"):
        parser.parse_args(["--print-completion", "bash"])
    script = capsys.readouterr().out
    assert "program___file_COMPGEN" in script
    assert "program_command_inner___other_COMPGEN" in script
