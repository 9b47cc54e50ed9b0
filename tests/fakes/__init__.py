"""Servers that the product talks to in tests: scripted and real mail servers, sinks, and certificates good and bad."""
