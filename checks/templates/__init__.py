"""Checklists to begin with: data files, and the few values that a person is asked for."""
