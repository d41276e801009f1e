"""The drill: breaks, one after the other, what a checklist claims to check, and sees whether it notices."""
