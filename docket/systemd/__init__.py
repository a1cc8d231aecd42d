"""The interfaces to systemd: D-Bus, journal, sd_notify, systemd-analyze."""
