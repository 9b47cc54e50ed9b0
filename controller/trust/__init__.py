"""Who may do what on the broker: the keys of an installation, and the claims they sign (NATS decentralized JWT)."""
