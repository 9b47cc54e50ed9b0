"""The texts of the AsyncAPI document: how to read the stream, and what each fact of a result means."""

from __future__ import annotations

DESCRIPTION = """\
Everything that happens to the monitors of an organization, as it happens: each result of each check and each check \
without a result, each change of a verdict, of an incident and of the configuration, the maintenance of monitors, and \
each attempt to notify somebody. This document is for subscribers: Mailprobe sends, you receive.

## Subjects

`mailprobe.event.{organization}.{customer}.{monitor}.{type}`: the first three are public UUIDs, as the API shows \
them; the type is `result`, `verdict`, `incident`, `gap`, `maintenance`, `delivery`, `configuration` or `fact`, and \
there may be more. What belongs to no customer or monitor, such as a user, has `none` in its place: subscribers of \
one customer do not get it. `*` stands for any one of them, `>` for all that follow: \
`mailprobe.event.{organization}.*.>` is everything of an organization, `mailprobe.event.{organization}.*.*.incident` \
all its incidents.

## Who may read

An operator issues a credentials file with `mailprobe-controller stream-credentials`, for one organization or one of \
its customers, until a date. The file allows you to subscribe to those subjects and to fetch from one consumer of \
your own, and nothing else. The command prints the subject, the name of the consumer, its JetStream domain and the \
prefix of its inbox. Set the domain and the prefix in your client, because the file allows no others.

## Check the subject you got

Before you trust an event, check that the subject of its message is the one that you expect: its organization and \
customer are those of your credentials, and `organizationId`, `customerId`, `monitorId` and `type` in the message say \
the same as the subject (`none` is null). A message on another subject, such as one in your inbox that answers no \
request of yours, is not an event. With the inbox prefix of your own, and an account that only you and Mailprobe \
publish to, there is none; the check costs a comparison, and holds even when a login was shared or a server \
misconfigured.

## Live

Subscribe to the subject. You miss what is published while you are not connected.

## Without loss

Fetch from the durable pull consumer that comes with the credentials. It begins with the oldest event in the stream, \
and the broker keeps its position: after any pause it continues after the last event that you acknowledged. To \
fetch, publish `{"batch": 100, "expires": 5000000000}` (nanoseconds) to \
`$JS.mailprobe.API.CONSUMER.MSG.NEXT.EVENTS.` and the consumer's name, with a reply subject in your inbox; every \
NATS client has a call for it, and many fetch the consumer's state first. Acknowledge each message once you have \
stored it; a message that is not acknowledged within 30 seconds is sent again.

## How long events are kept

The stream `EVENTS` keeps 24 hours, and 1 GiB at most; the oldest events are removed first. A consumer that stays \
away for longer continues with the oldest event in the stream. Older ones are on \
`GET /api/v1/stream`, for as long as results are kept, with `replayed` true.

## Whether you missed any

`sequence` counts the events of a customer of every type without a hole, and the events of the organization itself \
apart. Controllers publish at the same time, so numbers come nearly in order: when one has not come after half a \
minute, its event is missing. Who reads some types or monitors only does not get each number and cannot know by them; \
`GET /api/v1/stream` says so on streams with a filter, too. What a controller \
that is killed while it publishes has left, another one publishes half a minute later.

## Once, and in which order

An event is in the stream once: the broker drops a repeat with the same `Nats-Msg-Id` within two minutes, and what is \
published later is looked for in the stream before. A consumer \
may still receive an event again, when an acknowledgement is lost, so it should skip events whose `type` and \
`eventId` it has already processed. The sequence of the stream is the order in which events were stored. Verdicts \
and incidents of a monitor come in the order in which they were decided. Results of several locations come in any \
order, and a late one comes after younger ones: `dueAt` says which round it belongs to.

## What may change

Messages only grow: fields and values are added, but never renamed or given another meaning. Ignore fields that you \
do not know. Where a list of words is open, treat a word that you do not know as `unknown`, or show it as it is.

## Without NATS

The same JSON comes as server-sent events from `GET /api/v1/stream`; see `/schema`.
"""

OPEN = "A later version may use more words."

CHANNELS = {
    "result": "Results of checks: one event for each check at each location.",
    "verdict": "Changes of the verdict on a monitor: up, degraded, partial, down or unknown.",
    "incident": "Changes of incidents, which are confirmed outages, from opened to resolved.",
    "gap": "Checks that were due and have no result, with the reason: one event for each monitor and location.",
    "maintenance": "The beginning and the end of the maintenance of a monitor.",
    "delivery": "Attempts to notify somebody of an incident: sent, failed, or tried again later.",
    "configuration": "What somebody created, changed or deleted: which fields, and none of their values.",
    "fact": "A fact of a server changed, or what differs between locations began or ended.",
}

FACTS = {
    "greeting": "the server's first line",
    "capabilities": "what the server offers (EHLO keywords, CAPABILITY, CAPA), after STARTTLS where that was used",
    "tlsVersion": "the version of TLS, as TLSv1.3",
    "tlsCipher": "the cipher suite",
    "certificateSubject": "the subject of the server's own certificate",
    "certificateIssuer": "who signed the certificate",
    "certificateNames": "the hosts and addresses that the certificate is for, at most 50",
    "certificateSerial": "its serial number, hexadecimal",
    "certificateSha256": "its SHA-256 fingerprint, hexadecimal",
    "certificateNotBefore": "when the certificate begins to be valid",
    "certificateNotAfter": "when the certificate expires",
    "certificateDaysLeft": "whole days until it expires",
    "certificateChainValid": "whether its chain leads to an authority that the agent trusts",
    "certificateNameValid": "whether the certificate is for the host",
    "certificateValid": "whether the certificate passes every test",
    "certificateProblem": "what is wrong with the certificate, in words",
    "loginMechanisms": "the mechanisms of logins that it offers, after STARTTLS where that was used (SMTP, POP3)",
    "loginMechanism": "the mechanism of the login, as CRAM-MD5",
    "loginsRefused": "how many logins the server refused in this check: a proof of the password, and the password",
    "preauthenticated": "the IMAP server needed no login",
    "messages": "the number of messages in the mailbox",
    "recent": "the number of recent messages (IMAP)",
    "firstUnseen": "the number of the first unread message (IMAP)",
    "uidNext": "UIDNEXT of the mailbox (IMAP)",
    "uidValidity": "UIDVALIDITY of the mailbox (IMAP)",
    "octets": "the size of the maildrop in bytes (POP3)",
    "alerts": "messages that the IMAP server asks clients to show to users",
    "recipientReply": "the reply to RCPT TO (SMTP)",
    "replyCode": "the reply code of a refusal (SMTP)",
    "enhancedStatus": "the enhanced status code of a refusal, as 5.7.1 (SMTP)",
    "responseCode": "the response code of a refusal, as UNAVAILABLE (IMAP, POP3)",
    "pipelined": "the last commands went in one packet: the phase `mailbox` or `envelope` has the answers to all",
    "pipeliningFailed": "why the check did not pass with its last commands in one packet, and was repeated without",
    "failedAddresses": "addresses to which no connection was made, each with the reason",
}
"""By name; a test compares the names with the facts that the probes report. A kind may state its own (KindWords)."""
