"""From a Markdown checklist to YAML: every line that the page claims becomes a check, a criterion, a step or a role.

Nothing on the page is executed. What is not surely understood becomes a question to a person, with a `todo`.
"""
