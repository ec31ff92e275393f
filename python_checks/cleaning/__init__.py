"""Finding wrong values without labels: repairs of cells, rules worth writing. Pure functions over arrays of text."""
