"""What tasks keep between their runs: state, collections and queues, in a database of its own."""
