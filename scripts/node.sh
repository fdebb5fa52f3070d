#!/bin/sh
# Runs a script on Node.js >= 24: the machine's own, or the one of the npm package `node`.
root=$(cd "$(dirname "$0")/.." && pwd)
node=$root/node_modules/node/bin/node
[ -x "$node" ] || node=node
exec "$node" --disable-warning=ExperimentalWarning "$@"
