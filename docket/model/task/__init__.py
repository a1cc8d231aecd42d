"""A task as the config describes it, and what is known of its class."""
