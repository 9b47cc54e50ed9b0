"""Checks whether a recipient is accepted: MAIL FROM, RCPT TO, RSET, never DATA (RFC 5321 section 3.3, RFC 6531)."""

from __future__ import annotations

from collections.abc import Container

import idna

from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.smtp.replies import SmtpReply, encoded, read_reply, refusal, request
from shared.wire.failures import FailureKind, FailureSource


class Envelope:
    """A recipient and its sender ("": the null reverse-path), for a server with these capabilities. Raises CheckError
    if they cannot be sent to it.
    """

    def __init__(self, sender: str, recipient: str, capabilities: Container[str]) -> None:
        reverse_path, forward_path = _ascii_domain(sender), _ascii_domain(recipient)
        parameter = ""
        if not (reverse_path + forward_path).isascii():
            if "SMTPUTF8" not in capabilities:
                needs = recipient if not forward_path.isascii() else sender
                detail = f"the server does not offer SMTPUTF8, which {needs} needs"
                raise CheckError(FailureKind.RECIPIENT_REFUSED, detail)
            parameter = " SMTPUTF8"
        self._mail = f"MAIL FROM:<{reverse_path}>{parameter}"
        self._rcpt = f"RCPT TO:<{forward_path}>"

    async def check(self, stream: LineStream, *, and_quit: bool) -> SmtpReply:
        """The reply that accepted the recipient. `and_quit`: send all commands and QUIT in one packet (RFC 2920).

        Raises CheckError: `recipient_refused` if the recipient is refused, `policy_refusal` if our sender is refused,
        and `temporary_refusal` for 4yz, as in greylisting.
        """
        if and_quit:
            stream.write_at_once(*map(encoded, (self._mail, self._rcpt, "RSET", "QUIT")))

        async def reply_to(command: str) -> SmtpReply:
            return await (read_reply(stream) if and_quit else request(stream, command))

        reply = await reply_to(self._mail)
        if reply.code != 250:
            raise refusal(reply, FailureKind.POLICY_REFUSAL)
        accepted = await reply_to(self._rcpt)
        if accepted.code not in (250, 251, 252):  # 251 will forward, 252 cannot tell but will try
            # 552 also concerns the recipient: "too many recipients" (RFC 5321 section 4.5.3.1.10) cannot apply to one.
            raise refusal(accepted, FailureKind.RECIPIENT_REFUSED)
        reply = await reply_to("RSET")
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
