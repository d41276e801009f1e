"""Faults on request: a proxy that can be told to go wrong, so that checks can be seen to notice.

Nothing here is loaded unless the server is started with `--faults`.
"""
