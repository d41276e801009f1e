#!/bin/sh
# The whole suite on all cores, then its coverage: at least 90 % of the lines of each of checks/ and proxy/.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
# The programs that tests start are compiled once, beside the sources.
export PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$PWD/.signoff/pycache"
rm -rf .signoff/coverage
mkdir -p .signoff/coverage
$bin/python -m pytest -q -n 2 --dist worksteal --cov --cov-report= "$@"
for package in checks proxy; do
    $bin/coverage report --include="$package/*" --fail-under=90 --format=total >.signoff/coverage/total ||
        { $bin/coverage report --include="$package/*" --skip-covered; echo "coverage of $package/ is below 90 %" >&2; exit 1; }
    echo "coverage of $package/: $(cat .signoff/coverage/total) % of lines"
done
