"""How stored results are paged, charted and summed up to an uptime."""
