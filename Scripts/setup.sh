#!/usr/bin/env bash
# Installs the system libraries that the build needs, where they are missing.
set -euo pipefail

packages=(libsqlite3-dev liblz4-dev libopenblas-dev libdnnl-dev zlib1g-dev libzstd-dev pkg-config)
headers=(sqlite3.h lz4frame.h cblas.h oneapi/dnnl/dnnl.h zlib.h zstd.h)

command -v swift >/dev/null || {
  echo "setup: no 'swift' on the PATH: install Swift 6.3 or later from swift.org" >&2
  exit 1
}

missing=()
for header in "${headers[@]}"; do
  echo "#include <$header>" | cc -E - >/dev/null 2>&1 || missing+=("$header")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "setup: missing ${missing[*]}; installing ${packages[*]}" >&2
if ! command -v apt-get >/dev/null; then
  echo "setup: no apt-get here: install the development files of SQLite, LZ4, OpenBLAS, oneDNN, zlib and zstd" >&2
  exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
  elevate=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  elevate=(sudo -n)
else
  echo "setup: run this once as root, then again make: apt-get install ${packages[*]}" >&2
  exit 1
fi
"${elevate[@]}" apt-get update -qq
"${elevate[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
