"""What SQL cannot do: the Python side of data_health."""
