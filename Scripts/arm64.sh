#!/usr/bin/env bash
# Compiles the C kernels for arm64: the portable path, warnings as errors. Needs Swift's clang and
# the headers of Debian's libc6-dev-arm64-cross.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -d /usr/aarch64-linux-gnu/include ]; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq && $sudo apt-get install -y -qq libc6-dev-arm64-cross > /dev/null
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for file in Sources/CKernels/*.c; do
  clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include \
    -O2 -Wall -Wextra -Werror -ISources/CKernels/include -c "$file" \
    -o "$folder/$(basename "$file").o"
done
echo "arm64: $(find "$folder" -name '*.o' | wc -l) files of C kernels compile"
