"""Looking at an instance that is elsewhere, through the command that leads there."""
