#!/usr/bin/env bash
# Installs a headless Chromium, which the test of 'pipeline report' opens its page in, where none is.
# That test skips without one, so nothing stops where it cannot be had.
set -euo pipefail

for name in "${DECANT_CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome; do
  [ -n "$name" ] && command -v "$name" >/dev/null && exit 0
done
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "browser: no Chromium; as root: apt-get install chromium-headless-shell" >&2
  exit 0
fi
apt-get update -qq
# The shell alone is half the size of the browser; older distributions have the browser only.
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  chromium-headless-shell fonts-dejavu-core >/dev/null 2>&1 ||
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core >/dev/null 2>&1 ||
  echo "browser: neither chromium-headless-shell nor chromium can be installed" >&2
