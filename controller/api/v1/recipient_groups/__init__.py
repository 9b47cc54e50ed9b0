"""`/api/v1/recipient-groups`: which channels hear of which monitors."""
