"""The shapes of the JSON documents; only type checkers and tools/make_schemas.py import them."""
