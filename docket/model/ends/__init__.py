"""How runs and commands end, in words."""
