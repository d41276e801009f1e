from __future__ import annotations

import json

from tests.signoff.conftest import Command


def test_one_json_document_on_stdout(signoff: Command) -> None:
    said = signoff("schema")
    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out)["title"] == "Checklist of signoff"
