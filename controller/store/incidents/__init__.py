"""Incidents, their timelines, and the events about them."""
