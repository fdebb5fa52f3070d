#!/bin/sh
# Makes the clone ready, then shows Strake at work (scripts/demo.ts).
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh
[ -e dist/strake.cjs ] || npm run --silent build
exec sh scripts/node.sh scripts/demo.ts "$@"
