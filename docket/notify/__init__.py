"""Notifies people and agents of the end of a run; each channel sends in a process of its own."""
