#!/bin/sh
# What some tests need beside requirements.txt: Java for Spark, a MariaDB, and the vendors' fakes, which npm brings. Gets what it can
# get by itself, says what it cannot; tests whose part is not there are left out and told of at the end.
#
#   ops/test_parts.sh        Debian's packages where this is root on a machine with apt; the fakes where npm is there
#   ops/test_parts.sh all    npm itself, too
set -u
cd "$(dirname "$0")/.."
mkdir -p var
PATH="$PATH:/usr/sbin"
has() { command -v "$1" >/dev/null 2>&1; }

missing=""
has java || [ -n "${JAVA_HOME:-}" ] || missing="$missing default-jre-headless"
has mariadbd || missing="$missing mariadb-server-core"
has my_print_defaults || missing="$missing mariadb-client-core"
[ "${1:-}" = all ] && ! has npm && missing="$missing nodejs npm"
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && has apt-get; then
    echo "==> for the tests: apt-get install$missing"
    # shellcheck disable=SC2086 # several packages
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends $missing; } >var/test_parts.log 2>&1 || {
      tail -3 var/test_parts.log >&2
      echo "==> apt-get could not install$missing: their tests are left out" >&2
    }
  else
    echo "==> not here, so that their tests are left out (Debian's names):$missing" >&2
  fi
fi

if has npm; then
  make --no-print-directory fakes || echo "==> npm could not bring the vendors' fakes: their tests are left out" >&2
else
  echo "==> npm is not here: the tests on vendors' fakes are left out (Debian: nodejs npm)" >&2
fi
