"""Docket: systemd owns the timing, Docket owns the execution contract."""

__version__ = "1.0.0"
