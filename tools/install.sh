#!/usr/bin/env bash
# usage: install.sh PYTHON LOCK
# Installs what a lock file names, checked against its hashes, and says how far it is:
# without looking for more (a lock is whole), by uv where that is here, else by pip. What pip warns of is shown only where it fails.
set -euo pipefail
python=$1 lock=$2
total=$(grep -c '^[A-Za-z0-9]' "$lock")
echo "Installing $total packages of $lock …"
if command -v uv >/dev/null; then
  exec uv pip install --quiet --no-deps --require-hashes --only-binary :all: --python "$python" -r "$lock"
fi
warnings=$(mktemp)
trap 'rm -f "$warnings"' EXIT
if [ -t 1 ]; then end='\r\033[K'; else end='\n'; fi
PYTHONUNBUFFERED=1 "$python" -m pip install --disable-pip-version-check --no-color --progress-bar off \
  --no-deps --require-hashes --only-binary :all: -r "$lock" 2>"$warnings" |
  awk -v total="$total" -v end="$end" '
    # On a terminal one line counts; elsewhere every tenth package has a line.
    function say(words) { printf "%s" end, words; fflush() }
    /^(Collecting|Requirement already satisfied:) / {
      seen++
      name = ($1 == "Collecting") ? $2 : $4
      if (end != "\n" || seen % 10 == 0 || seen == total) say("  " seen " of " total ": " name)
    }
    /^Installing collected packages/ { say("  unpacking …") }
    END { if (end != "\n") printf end }' || { cat "$warnings" >&2; exit 1; }
