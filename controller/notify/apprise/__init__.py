"""Chat, on-call and text message services, reached through the Apprise library in processes of their own."""
