"""How answers look: everything that knows of columns, colours, clocks and control characters."""
