"""Model versions: what a feature is defined as, and what it is read from."""
