"""Routes about the installation itself: health, metrics, the page of the API."""
