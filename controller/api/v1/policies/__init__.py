"""Policies: how many locations must agree, and how often, before a failure is believed."""
