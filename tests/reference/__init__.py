"""What people have who come from docket-cli 0.2: its config, and how it answers."""
