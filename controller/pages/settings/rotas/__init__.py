"""Pages of rotas: who is on call."""
