"""Steps on a release that people sign."""

from __future__ import annotations

from pydantic import Field

from checks.drill import release
from checks.drill.place import Place
from checks.drill.steps.step import Step


class Unsigned(Step):
    """Nobody signs by themselves. Counts before the run."""

    def apply(self, place: Place) -> None:
        """Say so."""
        place.unsigned = True


class Selected(Step):
    """Only these checks are run. Counts before the run."""

    check: str

    def apply(self, place: Place) -> None:
        """Say so."""
        place.run_options += ["--check", self.check]


class Approve(Step):
    """A person signs the run in a role."""

    role: str
    key: str = Field(description="Whose key: alice, bob, carol or stranger.")
    reject: bool = False

    def apply(self, place: Place) -> None:
        """Sign it."""
        release.sign(place, self.role, self.key, *(["--reject"] if self.reject else []))


class RunAgain(Step):
    """Run the checklist anew and put the new run in the old one's place, the old one's signatures in it."""

    def apply(self, place: Place) -> None:
        """Do it."""
        signatures = place.folder / "run" / "signatures"
        signatures.rename(place.folder / "signatures")
        (place.folder / "run").rename(place.folder / "first-run")
        release.make_run(place)
        (place.folder / "signatures").rename(signatures)


SIGNATURE_STEPS: dict[str, type[Step]] = {
    "unsigned": Unsigned,
    "selected": Selected,
    "approve": Approve,
    "run_again": RunAgain,
}
