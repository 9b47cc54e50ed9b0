"""Webhooks of on-call services, which bring back what people do there."""
