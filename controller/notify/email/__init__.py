"""E-mail notifications through the operator's mail relay."""
