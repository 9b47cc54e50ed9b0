"""Notification channels, deliveries, and notices to ops."""
