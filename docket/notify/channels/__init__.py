"""One module for each channel; each has a `send`, and nothing else is public in it."""
