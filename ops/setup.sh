#!/bin/sh
# `make setup`: the environment in .venv, on whichever CPython of those that are supported the machine has; where it has none
# of them, uv fetches one. Nothing outside the project's folder is touched, but for what uv keeps (`uv cache dir`, `uv python dir`).
#
#   PYTHON    the interpreter to take; else the first that fits of python3.11, python3.12, python3.13, python3
set -eu
cd "$(dirname "$0")/.."

uv_version=0.13.9
fetched=3.13 # what uv fetches where there is nothing
fits='import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13) and sys.implementation.name == "cpython"))'

fail() {
  echo "Mandegar needs CPython 3.11, 3.12 or 3.13$1" >&2
  exit 1
}

# Also a name that is found and then refuses to run (as version managers' do) is none.
find_python() {
  for name in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    if "$name" -c "$fits" 2>/dev/null; then
      echo "$name"
      return
    fi
  done
}

# uv from an interpreter that is too old or too new to run Mandegar, but not to carry uv.
borrow_uv() {
  for name in python3 python3.14 python3.10 python3.9 python; do
    if "$name" -m venv .venv/uv 2>/dev/null && .venv/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version"; then
      echo .venv/uv/bin/uv
      return
    fi
  done
}

python=$(find_python)
if [ -e .venv ] && ! { .venv/bin/python -c "$fits" && .venv/bin/python -m pip --version; } >/dev/null 2>&1; then
  rm -rf .venv # made by an interpreter that does not fit or is gone, or not to its end
fi

if [ ! -x .venv/bin/python ] && [ -z "$python" ]; then
  if [ -n "${PYTHON:-}" ]; then
    fail "; PYTHON is $PYTHON, which is $("$PYTHON" --version 2>/dev/null || echo none that runs). Try: make PYTHON=/path/to/python3.13"
  fi
  echo "==> there is no CPython 3.11, 3.12 or 3.13 here: uv fetches $fetched" >&2
  uv=$(command -v uv || borrow_uv)
  if [ -z "$uv" ]; then
    fail ", and this machine has neither one of them nor uv, which would fetch one.
Install either (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13;
uv: https://docs.astral.sh/uv/getting-started/installation/), or name one: make PYTHON=/path/to/python3.13"
  fi
  "$uv" python install "$fetched" ||
    fail ". uv could not fetch CPython $fetched (its own words are above; it comes from GitHub, or from UV_PYTHON_INSTALL_MIRROR).
Install one of them (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13), or name one: make PYTHON=/path/to/python3.13"
  python=$("$uv" python find --managed-python "$fetched")
fi

echo "==> environment: .venv (about half a minute, once)"
if [ ! -x .venv/bin/python ]; then
  "$python" -m venv .venv ||
    fail ", with the module venv, which $python lacks (Debian, Ubuntu: apt install python3-venv)"
fi
rm -rf .venv/uv
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
export VIRTUAL_ENV=.venv
.venv/bin/uv pip install --quiet --requirements requirements.txt
.venv/bin/uv pip install --quiet --no-build-isolation --no-deps --editable .
# PySpark is built from source, 1.3 GB, anew at every setup behind a mirror that sends no caching headers: what uv itself can no longer reach goes.
UV_LOCK_TIMEOUT=5 .venv/bin/uv cache prune --quiet || echo "==> uv's cache was not pruned: another uv is at work" >&2
touch .venv/ready
