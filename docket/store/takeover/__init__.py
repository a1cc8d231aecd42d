"""Taking over a database of docket-cli 0.2."""
