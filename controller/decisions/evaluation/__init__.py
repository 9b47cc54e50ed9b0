"""How check outcomes become votes, a verdict and an incident."""
