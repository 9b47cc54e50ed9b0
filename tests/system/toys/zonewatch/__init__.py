"""A name is looked up again and again for some minutes: no endpoint and no login, and a late answer."""
