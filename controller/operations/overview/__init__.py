"""What the overview shows to a principal."""
