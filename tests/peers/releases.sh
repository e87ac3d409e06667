#!/usr/bin/env bash
# Installs the releases in releases.txt, each alone in tests/.venv/packages/SERVICE-VERSION; the libraries that
# they need are those of tests/.venv/releases, one set for all.
# Usage: tests/peers/releases.sh
set -euo pipefail

peers=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
"$peers/venv.sh" releases
venvs=$(dirname -- "$peers")/.venv
packages=$venvs/packages
mkdir -p -- "$packages"
# Two runs at once would write over each other: the second waits, then finds the work done.
exec 9>"$packages.lock"
flock 9

while read -r service version; do
    directory=$packages/$service-$version
    if [[ -z $service || $service == \#* || -e $directory/installed ]]; then
        continue
    fi
    echo "installing $service $version into $packages" >&2
    rm -rf -- "$directory"
    "$venvs/releases/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --no-deps --no-compile --target "$directory" "$service==$version" </dev/null
    # Only a finished directory has the mark.
    : >"$directory/installed"
done <"$peers/releases.txt"
