"""Incidents of one product with notifications: one outage is confirmed while another lasts."""
