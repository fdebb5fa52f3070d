#!/bin/sh
# Makes a clone ready: npm packages, and the programs of the system that Strake works with (src/engine/components.ts).
# Root on a system with apt gets what is missing; everybody else is told, once, and may go on without.
set -eu
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null; then
  echo "setup: npm is missing; install Node.js with npm first, for example: apt-get install nodejs npm" >&2
  exit 1
fi
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "setup: installing npm packages"
  npm ci --loglevel=error --no-audit --no-fund
fi

missing=$(sh scripts/node.sh scripts/missing.ts)
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "setup: installing $missing"
  log=$(mktemp)
  install() {
    # The names are words of their own. shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing \
      >"$log" 2>&1 </dev/null
  }
  # Lists are fetched only if they are missing or stale.
  install || { apt-get -qq -o DPkg::Lock::Timeout=120 update >"$log" 2>&1 && install; } || cat "$log" >&2
  rm -f "$log"
fi
list=$(sh scripts/node.sh src/main.ts info --check) || true
if [ "$list" != "Nothing is missing." ]; then
  echo "setup: this machine lacks something; what needs it will not work."
  echo "$list"
fi
