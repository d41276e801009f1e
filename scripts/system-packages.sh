#!/bin/sh
# Installs system packages that are missing, by apt where it is there and allowed; otherwise says what is missing.
#   scripts/system-packages.sh PROGRAM:PACKAGE …      a package is missing when its program is not on PATH
set -eu
missing=
for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "setup: installing$missing" >&2
    # A service that its package would start is not wanted: the tests start their own.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.signoff && chmod +x /usr/sbin/policy-rc.d.signoff
    [ -e /usr/sbin/policy-rc.d ] || ln -s policy-rc.d.signoff /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d.signoff; [ ! -L /usr/sbin/policy-rc.d ] || rm -f /usr/sbin/policy-rc.d' EXIT
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "setup: the tests need system packages that are not here:$missing; install them (Debian's names)" >&2
    exit 2
fi
