from __future__ import annotations

from pathlib import Path

from tests.signoff.conftest import Command


def test_a_page_is_imported_and_lints_clean(signoff: Command, tmp_path: Path) -> None:
    page, made = tmp_path / "page.md", tmp_path / "checklist.yaml"
    page.write_text("# Release\n\n- [ ] Listens\n  ```sh\n  lsof -i :8045\n  ```\n- [ ] Looks good\n")
    said = signoff("import", page, "--output", made)
    assert (said.code, said.out) == (0, "")
    assert "of 2 boxes outside sign-offs and next steps a machine looks at 1, and 1 are questions" in said.err
    assert signoff("lint", made, "--covers", page).code == 0


def test_without_output_the_checklist_is_on_stdout(signoff: Command, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("- [ ] Looks good\n")
    said = signoff("import", page)
    assert said.out.startswith("# Made from a page by `signoff import`.")
    assert "kind: ask" in said.out


def test_a_checklist_that_is_there_is_kept(signoff: Command, tmp_path: Path) -> None:
    page, made = tmp_path / "page.md", tmp_path / "checklist.yaml"
    page.write_text("- [ ] Looks good\n")
    made.write_text("mine")
    said = signoff("import", page, "--output", made)
    assert (said.code, said.err) == (2, f"{made}: is there already; name another, or give --force\n")
    assert made.read_text() == "mine"
    assert signoff("import", page, "--output", made, "--force").code == 0
    assert "Looks good" in made.read_text()


def test_what_cannot_be_imported(signoff: Command, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert signoff("import", page).code == 2
    page.write_text("nothing to tick\n")
    assert signoff("import", page).err == f"{page}: no box, numbered step, table row or tick is on the page\n"
    page.write_text("- [ ] x\n")
    said = signoff("import", page, "--output", page / "below")
    assert (said.code, said.err.startswith(f"{page / 'below'}: cannot be written:")) == (2, True)
    page.write_bytes(b"x" * (1 << 20) + b"y")
    assert signoff("import", page).err == f"{page}: larger than 1 MiB; split the page\n"
