#!/bin/sh
# npm run bench -- [--rounds N] [--tools strake,docker,buildah] [CASE…]: measures the bundle, as people run it.
set -e
cd "$(dirname "$0")/.."
[ -d node_modules ] || npm ci --silent
npm run --silent build
exec sh scripts/node.sh bench/main.ts "$@"
