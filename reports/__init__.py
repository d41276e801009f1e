"""Views of what a run found. Imports checks and nothing else of ours."""
