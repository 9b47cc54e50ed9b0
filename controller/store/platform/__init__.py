"""The connection pool, migrations, partitions, and figures of the whole installation."""
