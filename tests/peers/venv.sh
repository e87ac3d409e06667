#!/usr/bin/env bash
# Creates the Python environment of a peer: tests/.venv/NAME from tests/peers/requirements-NAME.txt.
#
# Usage: tests/peers/venv.sh NAME
set -euo pipefail

if [[ $# -ne 1 || ! $1 =~ ^[a-z][a-z0-9-]*$ ]]; then
    echo "usage: tests/peers/venv.sh NAME, with a file requirements-NAME.txt next to this script" >&2
    exit 2
fi
peers=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
requirements=$peers/requirements-$1.txt
if [[ ! -f $requirements ]]; then
    echo "$requirements does not exist" >&2
    exit 2
fi
venv=$(dirname -- "$peers")/.venv/$1
stamp=$venv/requirements.sha256

mkdir -p "$(dirname -- "$venv")"
# Concurrent runs would overwrite each other: the second one waits and then finds the work done.
exec 9>"$venv.lock"
flock 9

# A new version of Python needs a new environment, since packages are in a directory named after it.
wanted=$(
    {
        cat -- "$requirements"
        python3 --version
    } | sha256sum
)
if [[ -x $venv/bin/python && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit 0
fi
echo "creating $venv" >&2
rm -rf -- "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --requirement "$requirements" </dev/null
# Only a complete environment has the stamp.
printf '%s\n' "$wanted" >"$stamp"
