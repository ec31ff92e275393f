"""What was found, for people who do not query the marts."""
