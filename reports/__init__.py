"""Views of what a run found. Imports checks and nothing else of ours; reads nothing but a run's record."""
