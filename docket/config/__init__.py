"""YAML text to typed tasks: the only user of yaml and jsonschema."""
