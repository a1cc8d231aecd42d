"""Cron and the other triggers, turned into OnCalendar and similar lines."""
