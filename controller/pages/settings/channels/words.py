"""What a channel's types and fields are called, and what is said beside each field. Pure."""

from __future__ import annotations

from typing import NamedTuple


class ChannelKind(NamedTuple):
    """A type of channel for people: its name, and what somebody needs for it."""

    label: str
    needs: str


_HOOK = "the URL of an incoming webhook"
KINDS: dict[str, ChannelKind] = {
    "email": ChannelKind("E-mail", "one address or several"),
    "sms": ChannelKind("Text message", "one phone number or several"),
    "webhook": ChannelKind("Webhook", "the URL of a program of yours, which gets a signed HTTP request"),
    "slack": ChannelKind("Slack", _HOOK),
    "teams": ChannelKind("Microsoft Teams", "the URL of a workflow"),
    "discord": ChannelKind("Discord", _HOOK),
    "googlechat": ChannelKind("Google Chat", _HOOK),
    "mattermost": ChannelKind("Mattermost", _HOOK),
    "rocketchat": ChannelKind("Rocket.Chat", _HOOK),
    "matrix": ChannelKind("Matrix", "your server, a room and an access token"),
    "telegram": ChannelKind("Telegram", "a bot's token and a chat"),
    "ntfy": ChannelKind("ntfy", "a server and a topic"),
    "gotify": ChannelKind("Gotify", "your server and an application's token"),
    "pushover": ChannelKind("Pushover", "your user key and an application's token"),
    "pagerduty": ChannelKind("PagerDuty", "an integration's routing key"),
    "opsgenie": ChannelKind("Opsgenie", "an API key"),
    "alertmanager": ChannelKind("Alertmanager", "your server"),
    "goalert": ChannelKind("GoAlert", "the URL of a generic API integration key"),
    "grafanaoncall": ChannelKind("Grafana OnCall", "the URL of a formatted webhook"),
    "allquiet": ChannelKind("All Quiet", "the URL of a webhook integration"),
    "ilert": ChannelKind("iLert", "an API key"),
    "incidentio": ChannelKind("incident.io", "an alert source and its token"),
    "squadcast": ChannelKind("Squadcast", "an API key, or a webhook"),
    "jira": ChannelKind("Jira Service Management", "an API key"),
    "servicenow": ChannelKind("ServiceNow", "your instance, with Event Management, and a user"),
    "linear": ChannelKind("Linear", "an API key and a team, in which an issue is made"),
    "gitlab": ChannelKind("GitLab", "the URL and the key of an alert integration"),
    "github": ChannelKind("GitHub", "a repository, in which an issue is opened"),
    "dingtalk": ChannelKind("DingTalk", "the URL of a robot"),
    "lark": ChannelKind("Lark and Feishu", "the URL of a bot"),
    "wecom": ChannelKind("WeCom", "the URL of a robot"),
}


class FieldWords(NamedTuple):
    label: str
    hint: str
    example: str = ""


_APPRISE = FieldWords(
    "Apprise URL", "instead of the fields above, if you have one of this service", "service://token/…"
)
_FIELDS: dict[str, FieldWords] = {
    "webhook_url": FieldWords("Webhook URL", "as the service shows it; whoever has it can post there", "https://…"),
    "apprise_url": _APPRISE,
    "url": FieldWords("Server", "its address", "https://push.example.com"),
    "token": FieldWords("Access token", "a token that may send messages"),
    "api_key": FieldWords("API key", "of the integration in that service"),
    "labels": FieldWords("Labels", "that every alert gets, for your routes", "team=mail, severity=critical"),
    "user": FieldWords("User", "if your server needs one"),
    "password": FieldWords("Password", "of that user"),
    "team_id": FieldWords("Team", "its id (in Linear: copy it from the team's command menu)"),
    "webhook_secret": FieldWords(
        "Webhook secret",
        "so that acknowledging there counts here too; the page of the channel says what to enter there",
    ),
    "retry_attempts": FieldWords("Repetitions", "of a request that failed, 0 to 10; empty: for two days"),
    "retry_delay": FieldWords("Pause", "seconds before each of these repetitions"),
    "api_token": FieldWords("Token", "of the alert source or application"),
    "source_id": FieldWords("Alert source", "its id", "01JABCDEF…"),
    "room": FieldWords("Room", "its id or alias", "#alerts:example.com"),
    "topic": FieldWords("Topic", "those who know its name can read it", "mail-alerts-7f3a"),
    "routing_key": FieldWords("Routing key", "of an integration “Events API v2”"),
    "user_key": FieldWords("User key", "of a person or a group"),
    "bot_token": FieldWords("Bot's token", "as @BotFather gives it"),
    "chat_id": FieldWords("Chat", "its number, or the @name of a channel", "-1001234567890"),
    "owner": FieldWords("Owner", "of the repository", "example"),
    "repo": FieldWords("Repository", "its name without the owner", "mail-operations"),
    "method": FieldWords("Method", "POST unless your program needs another"),
    "timeout": FieldWords("Timeout", "seconds for the whole request, 1 to 30; empty: 10"),
    "headers": FieldWords(
        "Headers",
        "to add, one a line as “Name: value”. Values of headers such as Authorization are never shown again:"
        " leave ******** to keep one, remove its line to remove it",
        "X-Source: mailprobe",
    ),
    "expected_status_codes": FieldWords(
        "Accepted answers", "status codes that count as received; empty: every 2xx", "200, 202"
    ),
    "body_template": FieldWords(
        "Body", "text or JSON with placeholders such as {{reason}}; empty: the document of Mailprobe"
    ),
    "secret": FieldWords(
        "Signing secret", "signs each request (HMAC-SHA-256 in X-Webhook-Signature), so that your program can trust it"
    ),
}
_OF_TYPES: dict[tuple[str, str], FieldWords] = {
    ("email", "to"): FieldWords("To", "e-mail addresses, with commas between them", "oncall@example.com"),
    ("sms", "to"): FieldWords("To", "phone numbers with country code, with commas between them", "+4930123456"),
    ("webhook", "url"): FieldWords("URL", "that is called for each change of an incident", "https://example.com/hook"),
    ("slack", "webhook_url"): FieldWords(
        "Webhook URL",
        "in Slack: your app, Incoming Webhooks; whoever has it can post there",
        "https://hooks.slack.com/services/…",
    ),
    ("teams", "webhook_url"): FieldWords(
        "Workflow URL",
        "in Teams: the channel, Workflows, “When a webhook request is received”",
        "https://….logic.azure.com/workflows/…",
    ),
    ("discord", "webhook_url"): FieldWords(
        "Webhook URL",
        "in Discord: the channel's settings, Integrations, Webhooks",
        "https://discord.com/api/webhooks/…",
    ),
    ("ntfy", "url"): FieldWords("Server", "of ntfy, yours or the public one", "https://ntfy.sh"),
    ("ntfy", "token"): FieldWords("Access token", "only where the topic needs one"),
    ("alertmanager", "url"): FieldWords("Server", "its address", "https://alertmanager.example.com"),
    ("alertmanager", "token"): FieldWords("Bearer token", "if your server needs one"),
    ("gitlab", "url"): FieldWords(
        "Endpoint", "as the integration shows it", "https://gitlab.com/…/alerts/notify/….json"
    ),
    ("gitlab", "token"): FieldWords("Authorization key", "of the integration"),
    ("linear", "api_key"): FieldWords("API key", "a personal one, which may create issues"),
    ("linear", "url"): FieldWords("API", "only where it is not the usual one", "https://api.linear.app/graphql"),
    ("opsgenie", "url"): FieldWords("API", "for Opsgenie in Europe", "https://api.eu.opsgenie.com"),
    ("pagerduty", "url"): FieldWords("API", "for PagerDuty in Europe", "https://events.eu.pagerduty.com"),
    ("servicenow", "url"): FieldWords("Instance", "its address", "https://example.service-now.com"),
    ("servicenow", "user"): FieldWords("User", "with the role evt_mgmt_integration"),
    ("github", "token"): FieldWords("Access token", "that may open issues in the repository"),
    ("squadcast", "webhook_url"): FieldWords("Webhook URL", "instead of the API key", "https://…"),
}
LONG = frozenset({"headers", "body_template"})
"""Fields of several lines."""
RARE = frozenset(
    {
        "retry_attempts",
        "retry_delay",
        "method",
        "timeout",
        "headers",
        "expected_status_codes",
        "body_template",
        "apprise_url",
    }
)
"""Fields that most people leave alone."""


def kind_label(type_: str) -> str:
    return KINDS[type_].label if type_ in KINDS else type_


def words_of_field(type_: str, name: str) -> FieldWords:
    """What is said beside a field; its name where nothing is."""
    return _OF_TYPES.get((type_, name)) or _FIELDS.get(name) or FieldWords(name.replace("_", " ").capitalize(), "")
