"""What tasks keep between their runs, as commands show and change it."""
