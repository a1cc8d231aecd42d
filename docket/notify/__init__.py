"""Telling people and agents of the end of a run; each channel speaks in a process of its own."""
