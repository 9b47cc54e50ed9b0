"""The page behind the link of a message, where its receiver takes what it is about without a login."""
