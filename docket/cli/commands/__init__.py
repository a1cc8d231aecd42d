"""One module per verb; each holds its click command under the name `command`."""
