#!/bin/sh
# Makes .venv from a lock file and installs this project into it.
#   scripts/setup.sh requirements.lock        what `make signoff` needs
#   scripts/setup.sh requirements-test.lock   the same and what only the tests need
# The wheels stay in .signoff/wheelhouse: the reference proxy is later installed from there, without a network.
set -eu
cd "$(dirname "$0")/.."
lock=$1

fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }

find_python() {
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s' "$candidate"
            return
        fi
    done
}
python=$(find_python)
[ -n "$python" ] || fail "Python 3.11 or newer is not on PATH; install it, or name it: make PYTHON=/path/to/python3.11"

# Debian ships venv apart from Python.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "python$version-venv" >&2
    else
        fail "$python has no venv module; install the package python$version-venv (or your system's equivalent)"
    fi
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv || fail "cannot make .venv with $python"
if ! cmp -s "$lock" ".venv/$lock" 2>/dev/null; then
    echo "setup: installing $lock into .venv" >&2
    mkdir -p .signoff/wheelhouse
    .venv/bin/python -m pip download -qq --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        -d .signoff/wheelhouse -r "$lock" || fail "cannot download what $lock names; is a package index reachable?"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-index --find-links .signoff/wheelhouse \
        --require-hashes -r "$lock" || fail "cannot install $lock into .venv"
    cp "$lock" ".venv/$lock"
fi
if ! cmp -s pyproject.toml .venv/pyproject.toml; then
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-index --no-build-isolation -e . ||
        fail "cannot install the project itself into .venv"
    cp pyproject.toml .venv/pyproject.toml
fi
