"""The record of runs in SQLite; nobody else writes SQL."""
