"""`signoff schema`: the JSON Schema of a checklist, for editors."""

from __future__ import annotations

import json
import sys


def schema() -> None:
    """Print the JSON Schema of a checklist, with the kinds of check that are installed.

    An editor that knows YAML schemas reads it from the first line of a checklist:
    `# yaml-language-server: $schema=checklist.schema.json`

    Example:

      signoff schema > checklist.schema.json
    """
    from checks.schema import checklist_schema

    sys.stdout.write(json.dumps(checklist_schema(), indent=1) + "\n")
