"""Notification channels: configs, changes, trial messages, and warnings about mail routes."""
