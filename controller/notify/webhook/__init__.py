"""Webhook notifications: the body, its signature, and the HTTP request."""
