#!/bin/sh
# Installs Spark into .venv from its own lock file. It comes as source only, a large one, so the wheel that is built of
# it is kept in .signoff/wheelhouse, apart from what the reference proxy is installed from.
set -eu
cd "$(dirname "$0")/.."
lock=requirements-spark.lock
wheels=.signoff/wheelhouse-spark

fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }

cmp -s "$lock" ".venv/$lock" 2>/dev/null && exit 0
echo "setup: installing $lock into .venv" >&2
mkdir -p "$wheels"
.venv/bin/python -m pip wheel -qq --disable-pip-version-check --no-deps --require-hashes -w "$wheels" \
    -r "$lock" || fail "cannot build what $lock names; is a package index reachable?"
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-index --find-links "$wheels" --no-deps \
    pyspark py4j || fail "cannot install Spark into .venv"
cp "$lock" ".venv/$lock"
