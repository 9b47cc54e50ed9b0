"""How programs end, and what they write when NATS no longer lets them in: no line without a meaning."""
