#!/usr/bin/env bash
# Installs the missing Debian packages of tests/packages.txt, or of another file.
#
# Usage: tests/packages.sh [FILE]
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
list=${1:-tests/packages.txt}

missing=()
while read -r package check; do
    if [[ -n $package && $package != \#* ]] && ! bash -c "$check" >/dev/null 2>&1 </dev/null; then
        missing+=("$package")
    fi
done <"$list"
if ((${#missing[@]})); then
    if ! command -v apt-get >/dev/null; then
        echo "tests/packages.sh: this is not Debian: install equivalents of ${missing[*]}, then run again" >&2
        exit 1
    fi
    as_root=()
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "tests/packages.sh: install these as root, then run again: apt-get install ${missing[*]}" >&2
            exit 1
        fi
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq </dev/null
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}" </dev/null
fi
