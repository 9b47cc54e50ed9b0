"""Protects the checked servers: few connections at one address, and no login tried until the account is locked."""
