"""Who is notified of what and when, and the rules for notification channels."""
