"""The page behind the link of a digest, where its receiver ends these digests without a login."""
