"""Targets: certificates and chains of certificates that servers send."""
