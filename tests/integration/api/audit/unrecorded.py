"""Routes that change something and leave no entry in the audit log here, each with the reason."""

from __future__ import annotations

from tests.integration.api.audit.of_settings import UNRECORDED_SETTINGS

RECORDED_ELSEWHERE = {
    ("POST", "/ack/{}"): "notify/receivers/test_taking: nobody is logged in",
    ("POST", "/unsubscribe/{}"): "notify/receivers/test_unsubscribing: nobody is logged in",
    **dict.fromkeys(
        (
            *(("POST", "/api/v1/locations"), ("POST", "/api/v1/locations/{}/rotate-key")),
            *(("POST", "/api/v1/locations/{}/enable"), ("POST", "/api/v1/locations/{}/disable")),
            *(("PATCH", "/api/v1/locations/{}"), ("DELETE", "/api/v1/locations/{}")),
            ("POST", "/locations/new"),
            *(("POST", f"/locations/{{}}/{act}") for act in ("rename", "rotate", "disable", "enable", "remove")),
        ),
        "locations/test_managed_locations: it is of the installation, and of no organization",
    ),
    ("POST", "/settings/channels/{}/subscribe"): "notify/receivers/test_unsubscribing: of who left by a link",
    ("DELETE", "/api/v1/channels/{}/unsubscribed/{}"): "channels/test_unsubscribed: the same",
    ("POST", "/hooks/{}/{}"): "hooks/test_hooks: what an on-call service signs",
    ("POST", "/api/v1/organizations"): "accounts/test_organizations: a global admin makes it, and it is of the new one",
}

UNRECORDED: dict[tuple[str, str], str] = {
    ("POST", "/api/smtp-monitors/{}/trigger-check"): "a check by hand changes nothing that somebody has set",
    ("POST", "/api/imap-pop-monitors/{}/trigger-check"): "the same",
    **{("POST", at): "the same" for at in ("/api/v1/trials", "/monitors/trials", "/monitors/{}/check")},
    ("POST", "/api/v1/monitors/{}/check"): "the same",
    **{("POST", at): "the same" for at in ("/api/v1/discoveries", "/monitors/new/find")},
    **{
        ("POST", f"{path}/preview"): "a preview changes nothing"
        for path in (
            *(f"/api/v1/{owner}/{{}}/policy" for owner in ("monitors", "customers", "organizations")),
            *("/monitors/{}/policy", "/policies/customers/{}", "/policies/organization"),
        )
    },
    ("POST", "/api/v1/maintenance-windows/preview"): "a preview changes nothing",
    ("POST", "/api/escalation-config/{}/test"): "only the outcome of the test is stored",
    ("POST", "/api/notification-channels/test"): "nothing is stored",
    ("POST", "/api/v3/test-notifiers"): "nothing is stored",
    ("POST", "/login/sign-on"): "the person is sent to a provider; pages/sign_on tests what its answer leaves",
    **UNRECORDED_SETTINGS,
    ("POST", "/organization"): "which organization this browser shows, in a cookie",
}
