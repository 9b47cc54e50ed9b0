"""A complete config of every chat and on-call service, with invented keys."""

from __future__ import annotations

from typing import Any

COMPLETE: dict[str, list[dict[str, Any]]] = {
    "dingtalk": [{"secret": "https://oapi.dingtalk.com/robot/send?access_token=" + "a1" * 16}],
    "discord": [{"secret": "https://discord.com/api/webhooks/" + "1" * 18 + "/" + "a" * 68}],
    "github": [{"token": "ghp_" + "a" * 36, "owner": "acme", "repo": "mail"}],
    "googlechat": [{"secret": "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=kkkk&token=tttt"}],
    "gotify": [{"url": "https://push.example.com/inner", "token": "Aabcdefgh123456"}],
    "ilert": [{"apiKey": "il1api0123456789abcdef"}],
    "incidentio": [{"sourceId": "01HABCDEFGHJKMNPQRSTVWXYZ0", "apiToken": "token-abcdef"}],
    "jira": [{"apiKey": "00000000-0000-4000-8000-000000000000"}],
    "lark": [
        {"secret": "https://open.larksuite.com/open-apis/bot/v2/hook/abcd-1234"},
        {"secret": "https://open.feishu.cn/open-apis/bot/v2/hook/abcd-1234"},
    ],
    "matrix": [{"url": "https://matrix.example.com", "token": "syt_abc_def", "room": "#ops:example.com"}],
    "mattermost": [
        {"secret": "https://mattermost.example.com/hooks/" + "a" * 26},
        {"secret": "https://chat.example.com/team/hooks/" + "a" * 26},
    ],
    "ntfy": [
        {"secret": "https://ntfy.sh/my-topic"},
        {"url": "https://push.example.com", "topic": "ops", "token": "tk_0123456789"},
    ],
    "opsgenie": [{"secret": "opsgenie://00000000-0000-4000-8000-000000000000"}],
    "pagerduty": [
        {"secret": "pagerduty://0123456789abcdef0123456789abcdef@0123456789abcdef0123456789abcdef"},
    ],
    "pushover": [{"userKey": "u" * 30, "apiToken": "a" * 30}],
    "rocketchat": [{"secret": "https://chat.example.com/hooks/aaaaaaaaaa/bbbbbbbbbbbb"}],
    "slack": [
        {"secret": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"},
        {"secret": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"},
    ],
    "squadcast": [{"secret": "https://api.squadcast.com/v2/incidents/api/" + "a1" * 20}, {"apiKey": "a1" * 20}],
    "teams": [
        {
            "secret": "https://prod-1.westeurope.logic.azure.com:443/workflows/"
            + "a1" * 16
            + "/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sv=1.0&sig="
            + "b" * 43
        }
    ],
    "telegram": [{"botToken": "123456789:" + "a" * 35, "chatId": "-1001234567890"}],
    "wecom": [{"secret": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcd-1234"}],
}
