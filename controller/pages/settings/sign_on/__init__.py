"""How people of the organization log in at their own provider."""
