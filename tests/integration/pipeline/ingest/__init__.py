"""From the results stream to stored results and dead letters."""
