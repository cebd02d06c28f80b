#!/bin/sh
# Makes .venv, which holds nox and nothing else: every tool and test has an environment of its own,
# made by nox, and the Blenders theirs, made by tools/blenders.py. Quick when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."

nox='nox==2026.10.20'
if [ "$(cat .venv/complete.txt 2>/dev/null)" = "$nox" ] && .venv/bin/python -c 'import nox' 2>/dev/null; then
    exit 0
fi

as_root_with_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
find_python() {
    for python in python3.11 python3; do
        if new_enough "$python"; then return 0; fi
    done
    return 1
}
# Debian has ensurepip, without which there is no pip in a venv, in a package of its own.
whole() { find_python && "$python" -c 'import ensurepip, venv' 2>/dev/null; }

if ! whole; then
    if as_root_with_apt; then
        echo 'Python 3.11 with venv is needed: apt-get install python3 python3-venv' >&2
        { apt-get update && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends python3 python3-venv; } >/dev/null </dev/null
    fi
    if ! whole; then
        echo 'Python 3.11 with venv is needed. On Debian or Ubuntu: sudo apt-get install python3 python3-venv' >&2
        exit 1
    fi
fi

rm -rf .venv
"$python" -m venv .venv
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check "$nox"; then
    echo "pip could not install $nox. Is the network there? Then run the same command again." >&2
    exit 1
fi
echo "$nox" > .venv/complete.txt
