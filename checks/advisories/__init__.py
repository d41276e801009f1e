"""Known vulnerabilities, as OSV records tell of them, held against installed packages."""
