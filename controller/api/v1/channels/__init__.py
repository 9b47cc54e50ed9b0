"""`/api/v1/channels`: on which people are notified, with a typed config for each type of channel."""
