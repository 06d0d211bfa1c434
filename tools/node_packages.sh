#!/usr/bin/env bash
# Install the pinned checkers of frontend/package-lock.json, once per lock.
set -u
cd "$(dirname "$0")/../frontend"
[ node_modules/.package-lock.json -nt package-lock.json ] && exit 0
command -v npm >/dev/null && npm ci --silent --no-audit --no-fund >/dev/null 2>&1
