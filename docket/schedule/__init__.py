"""Cron and the other triggers, turned into OnCalendar lines and their kin."""
