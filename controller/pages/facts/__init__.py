"""What differs between countries, and what changed about servers, as a feed."""
