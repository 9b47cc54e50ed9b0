"""Checks whether a recipient is accepted: MAIL FROM, RCPT TO, RSET, never DATA (RFC 5321 section 3.3, RFC 6531)."""

from __future__ import annotations

from collections.abc import Container

import idna

from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.smtp.replies import SmtpReply, refusal, request
from shared.wire.failures import FailureKind, FailureSource


async def check_recipient(stream: LineStream, sender: str, recipient: str, capabilities: Container[str]) -> SmtpReply:
    """The reply that accepted `recipient` from `sender` ("": the null reverse-path).

    Raises CheckError: `recipient_refused` if the recipient is refused, `policy_refusal` if our sender is refused, and
    `temporary_refusal` for 4yz, as in greylisting.
    """
    reverse_path, forward_path = _ascii_domain(sender), _ascii_domain(recipient)
    parameter = ""
    if not (reverse_path + forward_path).isascii():
        if "SMTPUTF8" not in capabilities:
            detail = (
                f"the server does not offer SMTPUTF8, which {recipient if not forward_path.isascii() else sender} needs"
            )
            raise CheckError(FailureKind.RECIPIENT_REFUSED, detail)
        parameter = " SMTPUTF8"
    reply = await request(stream, f"MAIL FROM:<{reverse_path}>{parameter}")
    if reply.code != 250:
        raise refusal(reply, FailureKind.POLICY_REFUSAL)
    accepted = await request(stream, f"RCPT TO:<{forward_path}>")
    if accepted.code not in (250, 251, 252):  # 251 will forward, 252 cannot tell but will try
        # 552 also concerns the recipient: "too many recipients" (RFC 5321 section 4.5.3.1.10) cannot apply to one.
        raise refusal(accepted, FailureKind.RECIPIENT_REFUSED)
    reply = await request(stream, "RSET")
    if reply.code != 250:
        raise refusal(reply, FailureKind.PROTOCOL_ERROR)
    return accepted


def _ascii_domain(address: str) -> str:
    """The address as it may stand between < and >, its domain as A-labels, so that only a local part needs SMTPUTF8."""
    if any(character in address for character in "\r\n\0<>"):
        raise CheckError(FailureKind.AGENT_ERROR, "not a mail address", source=FailureSource.AGENT)
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return local + at + idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise CheckError(FailureKind.AGENT_ERROR, "not a mail domain", source=FailureSource.AGENT) from error
