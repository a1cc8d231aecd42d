"""What a sandbox becomes in a unit: systemd.exec(5), only what really takes effect."""
