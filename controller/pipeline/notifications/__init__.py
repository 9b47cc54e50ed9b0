"""Deliveries of changes of incidents and of facts, made in the transaction that made the change."""
