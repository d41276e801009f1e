"""The cache of whole answers: what a key is, where answers are kept, and what happens when that fails."""
