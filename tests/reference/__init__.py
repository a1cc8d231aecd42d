"""What users of docket-cli 0.2 rely on: its config, and its answers."""
