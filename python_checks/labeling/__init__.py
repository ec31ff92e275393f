"""Labels as data: who answered what, what the answers say together, and how far to trust whom."""
