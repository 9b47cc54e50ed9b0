"""Makes the pages of docs/ that state what code defines: settings, failures and metrics. `make docs` writes them."""
