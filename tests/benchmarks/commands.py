"""How long the commands take to say something, against the libraries that they cannot do without."""

import sys
from pathlib import Path

from tests.benchmarks.ratio import Ratio, compare

BIN = Path(sys.executable).parent


def ratios() -> list[Ratio]:
    imports = [sys.executable, "-c", "import typer, rich"]
    return [
        compare("signoff --help / import typer, rich", [str(BIN / "signoff"), "--help"], imports, 2.5),
        compare("image-proxy --help / import typer, rich", [str(BIN / "image-proxy"), "--help"], imports, 2.5),
        compare(
            "signoff lint checklist.yaml / import typer, rich",
            [str(BIN / "signoff"), "lint", "checklist.yaml"],
            imports,
            None,
        ),
    ]
