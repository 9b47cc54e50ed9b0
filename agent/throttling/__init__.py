"""What an agent owes the servers it checks: never many connections at one address, never a login tried to its lock."""
