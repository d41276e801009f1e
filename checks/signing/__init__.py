"""Signatures over a finished run: what is signed, by whom, and what a gate makes of them (design §2)."""
