#!/usr/bin/env bash
# All checks, then all tests; every check runs, and any failure fails the whole.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=()
check() {
  local name=$1
  shift
  echo "── $name"
  "$@" || failed+=("$name")
}

export SECRET_KEY=${SECRET_KEY:-only-for-checks}
check "ruff format" $bin/ruff format --check --quiet .
check "ruff" $bin/ruff check --quiet .
check "mypy" env DATABASE_URL=postgresql:///checks $bin/mypy --no-error-summary running config labeling activelearn bench tests manage.py
check "import contracts" $bin/lint-imports
check "dependencies" $bin/deptry .
check "template format" $bin/djangofmt --quiet --check frontend/templates
check "templates" $bin/djlint --quiet --lint frontend/templates
check "migrations" env DATABASE_URL=postgresql:///checks $bin/python -W ignore manage.py makemigrations --check --dry-run

if command -v node >/dev/null; then
  check "javascript tests" node --test tests/js/
  if tools/node_packages.sh; then
    check "javascript types" npm --silent --prefix frontend run types
    check "javascript and css lint" npm --silent --prefix frontend run lint
  else
    echo "── npm could not fetch the checkers: JavaScript types and lint are skipped."
  fi
else
  echo "── Node is not here: JavaScript unit tests, types and lint are skipped (the browser tests run)."
fi

if ! tools/browser.sh >/dev/null; then
  echo "── no browser: install Chromium (Debian: apt-get install chromium) for the browser tests."
fi
# Faults, long histories, simulations and fuzzing have a target of their own: make soak.
check "pytest" $bin/python -m pytest -q -m "not soak"

if ((${#failed[@]})); then
  echo "Failed: ${failed[*]}"
  exit 1
fi
