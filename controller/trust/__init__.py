"""Rights on the broker: the keys of an installation, and the claims signed with them (NATS decentralized JWT)."""
