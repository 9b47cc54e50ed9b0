"""OpenID Connect as a client speaks it: a provider's settings and keys, the authorization code flow, and ID tokens."""
