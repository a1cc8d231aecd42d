"""The channels: one module for each, with its `CHANNEL`. Nothing else lists them."""
