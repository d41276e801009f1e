"""The commands; each module imports what is heavy inside its function."""
