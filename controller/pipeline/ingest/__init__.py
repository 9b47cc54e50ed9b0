"""Results on their way in: reading messages, publishing events, and what a crash left unpublished."""
