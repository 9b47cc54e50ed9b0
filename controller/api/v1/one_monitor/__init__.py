"""What the checks of one monitor find: below `/api/v1/monitors/{id}`."""
