"""`make bench`: every benchmark as a ratio; exit code 1 where one is above its limit."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.ratio import Ratio, compare

BIN = Path(sys.executable).parent


def benchmarks() -> list[Ratio]:
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


def main() -> int:
    table = Table("benchmark", "ours ms", "theirs ms", "ratio", "limit", "")
    ratios = benchmarks()
    for ratio in ratios:
        limit = "–" if ratio.limit is None else f"{ratio.limit:.1f}"
        verdict = "ok" if ratio.holds else "ABOVE"
        table.add_row(
            ratio.name, f"{ratio.ours_ms:.0f}", f"{ratio.theirs_ms:.0f}", f"{ratio.value:.2f}", limit, verdict
        )
    Console(width=120).print(table)
    return 0 if all(ratio.holds for ratio in ratios) else 1


if __name__ == "__main__":
    raise SystemExit(main())
