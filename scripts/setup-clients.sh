#!/bin/sh
# Installs what the tests take from npm, from its lock file.
set -eu
cd "$(dirname "$0")/../tests/clients"
cmp -s package-lock.json node_modules/.package-lock.signoff 2>/dev/null && exit 0
echo "setup: installing tests/clients/package-lock.json" >&2
npm ci --silent --no-audit --no-fund >&2
cp package-lock.json node_modules/.package-lock.signoff
