"""What an organization has set up besides its monitors: people, tokens, channels, customers and the rest."""
