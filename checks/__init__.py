"""The checklist engine: checks, kinds, metrics, rollback. It talks to what it checks, and never imports it."""
