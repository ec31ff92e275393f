"""Principal components, and how far a period is from those of a reference, from sums of products alone."""
