"""The command line of signoff: one module a command."""
