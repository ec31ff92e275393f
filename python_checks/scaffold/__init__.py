"""Proposes a first monitor for a table."""
