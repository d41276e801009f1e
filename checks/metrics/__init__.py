"""Logs as numbers: window tables, the measures that read them, and events by name.

The public door: `read_windows`, `read_events`, `summary`, and what they give and raise.
"""
