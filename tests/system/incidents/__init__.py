"""Incidents of one product that tells people: one outage is confirmed while another lasts."""
