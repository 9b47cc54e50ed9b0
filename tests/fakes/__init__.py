"""The other side of a check: mail servers that follow a script, real ones, and certificates good and bad."""
