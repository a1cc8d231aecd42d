"""Tasks written in Python: what their files hold is learned in a process of its own."""
