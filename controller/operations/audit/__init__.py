"""The audit log: an entry in the same transaction as each change, without secrets; and reading it."""
