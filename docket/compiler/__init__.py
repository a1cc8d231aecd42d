"""Typed tasks to unit files and plans: pure functions from values to text."""
