"""What stands in a crontab and when cron runs it, as cron itself reads it; pure."""
