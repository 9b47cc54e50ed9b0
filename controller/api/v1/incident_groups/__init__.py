"""Groups of incidents of one cause in our own API."""
