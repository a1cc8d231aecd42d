"""Text: read, measured, masked, filled in."""
