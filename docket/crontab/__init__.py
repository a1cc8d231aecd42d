"""The contents of a crontab and when cron runs them, as cron itself reads them; pure."""
