"""Who signs people in, for tests of single sign-on."""
