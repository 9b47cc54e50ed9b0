"""What the AsyncAPI document says in words: how the stream is read, and what each fact of a result means."""

from __future__ import annotations

DESCRIPTION = """\
Everything that happens to the monitors of an organization, as it happens: each result of each check, each change of \
a verdict, and what becomes of incidents. This document is for subscribers: Mailprobe sends, you receive.

## Subjects

`mailprobe.event.{organization}.{customer}.{monitor}.{type}`: the first three are public UUIDs, as the API shows \
them; the type is `result`, `verdict` or `incident`. `*` stands for any one of them, `>` for the rest: \
`mailprobe.event.{organization}.*.>` is everything of an organization, `mailprobe.event.{organization}.*.*.incident` \
all its incidents.

## Who may read

An operator issues a credentials file with `mailprobe-controller stream-credentials`: for one organization, or one \
of its customers, until a date. It may subscribe to those subjects and fetch from one consumer of its own, and do \
nothing else. The command prints the subject, the name of the consumer, its JetStream domain and the prefix of its \
inbox: set these two in your client, for it may ask and be answered nowhere else.

## Live

Subscribe to the subject. What is published while you are away, you miss.

## Without loss

Fetch from the durable pull consumer that comes with the credentials. It begins with the oldest event there is, and \
the broker keeps its place: after any pause it goes on where you acknowledged last. To fetch, publish `{"batch": \
100, "expires": 5000000000}` (nanoseconds) to `$JS.mailprobe.API.CONSUMER.MSG.NEXT.EVENTS.` and the \
consumer's name, with a reply subject in your inbox; every NATS client has a call for it, and many ask for the \
consumer's state first. Acknowledge each message once you have kept it; what is not acknowledged within 30 seconds \
comes again.

## How long events are kept

The stream `EVENTS` keeps 24 hours, and 1 GiB at most; the oldest go first. A consumer that stays away for longer \
goes on with the oldest there is. Results of before are in `GET /api/results`.

## Once, and in which order

An event is in the stream once: the broker drops a repeat with the same `Nats-Msg-Id` within ten minutes. A consumer \
may still get one again, when an acknowledgement is lost: it is done with the events whose `type` and `eventId` it \
has seen. The stream's sequence is the order in which things were stored. Verdicts and incidents of a monitor come \
in the order they were decided. Results of several locations come in any order, and a late one after younger ones: \
`dueAt` says which round it belongs to.

## What may change

Messages only grow: fields and values are added, never renamed or given another meaning. Ignore fields you do not \
know. Where a list of words is open, take a word you do not know as `unknown`, or show it as it is.

## Without NATS

The same JSON comes as server-sent events from `GET /api/results/stream` and `GET /api/events/stream`; see \
`/schema`.
"""

OPEN = "A later version may know more words."

CHANNELS = {
    "result": "Results of checks: one event for each check at each location.",
    "verdict": "Changes of the verdict on a monitor: up, degraded, partial, down or unknown.",
    "incident": "What becomes of incidents: confirmed outages, from opened to resolved.",
}

FACTS = {
    "greeting": "the server's first line",
    "capabilities": "what it offers (EHLO keywords, CAPABILITY, CAPA), after STARTTLS where that was used",
    "tlsVersion": "as TLSv1.3",
    "tlsCipher": "the cipher suite",
    "certificateSubject": "of the server's own certificate, as all that follow",
    "certificateIssuer": "who signed it",
    "certificateNames": "the hosts and addresses it is for, at most 50",
    "certificateSerial": "hexadecimal",
    "certificateSha256": "its fingerprint, hexadecimal",
    "certificateNotBefore": "when it begins to be valid",
    "certificateNotAfter": "when it ends",
    "certificateDaysLeft": "whole days until then",
    "certificateChainValid": "whether it leads to an authority the agent trusts",
    "certificateNameValid": "whether it is for the host",
    "certificateValid": "whether it is good in every way",
    "certificateProblem": "what is wrong with it, in words",
    "loginMechanism": "how the login was made, as CRAM-MD5",
    "preauthenticated": "the IMAP server wanted no login",
    "messages": "in the mailbox",
    "recent": "of them new (IMAP)",
    "firstUnseen": "the number of the first unread one (IMAP)",
    "uidNext": "of the mailbox (IMAP)",
    "uidValidity": "of the mailbox (IMAP)",
    "octets": "size of the maildrop in bytes (POP3)",
    "alerts": "what the IMAP server wants users to be shown",
    "recipientReply": "the reply to RCPT TO (SMTP)",
    "replyCode": "the reply code of a refusal (SMTP)",
    "enhancedStatus": "its enhanced status code, as 5.7.1 (SMTP)",
    "responseCode": "the response code of a refusal, as UNAVAILABLE (IMAP, POP3)",
    "failedAddresses": "addresses that did not connect, each with its reason",
}
"""By name; a test compares them with those the probes tell."""
