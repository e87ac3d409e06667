#!/usr/bin/env bash
# Fetches the releases in releases.txt as tests/.venv/packages/SERVICE-VERSION.whl, from which Python loads them;
# the libraries that they need are those of tests/.venv/releases, one set for all.
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

# One release: only a finished wheel has the name that is looked for.
fetch() {
    echo "fetching $1 $2" >&2
    local directory=$packages/$1-$2.part
    rm -rf -- "$directory"
    "$python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
        --only-binary=:all: --dest "$directory" "$1==$2" </dev/null
    mv -- "$directory"/*.whl "$packages/$1-$2.whl"
    rmdir -- "$directory"
}
export -f fetch
export packages python="$venvs/releases/bin/python"

while read -r service version; do
    if [[ -n $service && $service != \#* && ! -f $packages/$service-$version.whl ]]; then
        echo "$service" "$version"
    fi
done <"$peers/releases.txt" | xargs -r -P 3 -n 2 bash -euo pipefail -c 'fetch "$@"' fetch
