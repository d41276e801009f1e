"""Logs as numbers: window tables, the measures that read them, and events by name.

The doors: `gathering.gather`, `events.read_events`, `summary.summary`, and `measures.MEASURES` for the names. They
are imported from their modules, so that who only wants names does not load the database.
"""
