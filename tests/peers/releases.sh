#!/usr/bin/env bash
# Downloads the releases in releases.txt as tests/.venv/packages/SERVICE-VERSION.whl, from which Python
# loads them. They share the libraries in tests/.venv/releases.
#
# Usage: tests/peers/releases.sh
set -euo pipefail

peers=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
"$peers/venv.sh" releases
venvs=$(dirname -- "$peers")/.venv
packages=$venvs/packages
mkdir -p -- "$packages"
# Concurrent runs would overwrite each other: the second one waits and then finds the work done.
exec 9>"$packages.lock"
flock 9

# Downloads one release. Only a complete wheel gets its final name.
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
