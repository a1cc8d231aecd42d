"""The manual pages: docs and definitions in, roff out."""
