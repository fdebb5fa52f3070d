#!/bin/sh
# Everything that a change must pass, from a fresh clone on: set-up, bundle, checks, tests.
# Arguments go to Node's test runner instead of the files of the whole project: npm test -- src/tar/*.test.ts
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh
npm run --silent build
npm run --silent check
[ $# -gt 0 ] || set -- 'src/**/*.test.ts' 'tests/**/*.test.ts'
# Tests mount, run containers and measure themselves against the kernel: more at once would only wait for each other.
exec sh scripts/node.sh --test --test-concurrency=2 "$@"
