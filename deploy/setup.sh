#!/bin/sh
# Installs what is missing and nothing else: system packages (apt) and the virtual environment.
# Usage: deploy/setup.sh [test]     Without "test" only what a running gateway needs.
# A second run does nothing and takes well under a second.
set -eu
cd "$(dirname "$0")/.."
kind="${1:-run}"

names() { sed 's/#.*//' "$@" | tr -s ' \t\n' '\n' | grep . || true; }

lists=deploy/system-packages.txt
[ "$kind" = test ] && lists="$lists deploy/test-packages.txt"

missing=""
for package in $(names $lists); do
    status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null 2>&1; then as_root=sudo; else
            echo "Postline needs these Debian packages and may not install them:$missing" >&2
            echo "As root: apt-get install --no-install-recommends$missing" >&2
            exit 1
        fi
    fi
    echo "Installing system packages:$missing"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

python="${PYTHON:-python3}"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Postline needs Python 3.11 or newer; $python is $("$python" --version 2>&1)." >&2
    exit 1
}
stamp=".venv/.installed-$kind"
want=$(cat pyproject.toml constraints.txt | cksum)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    extra=""
    [ "$kind" = test ] && extra="[test]"
    echo "Installing Python packages into .venv"
    PIP_CONSTRAINT=constraints.txt .venv/bin/python -m pip install -q --disable-pip-version-check -e ".$extra"
    echo "$want" >"$stamp"
    [ "$kind" = test ] && echo "$want" >.venv/.installed-run
fi
exit 0
