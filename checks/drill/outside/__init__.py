"""Drills a checklist of one's own against a service of one's own, from outside: nothing of either is changed.

Before the run and the service, and before what the service calls, stands a reverse proxy; logs and files are told from
copies; expectations and paths are changed in a copy of the checklist, beside it for the time of one run. What must
notice follows from what each check looks at.
"""
