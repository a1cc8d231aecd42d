"""Commands about what tasks keep between their runs."""
