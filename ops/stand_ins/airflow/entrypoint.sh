#!/bin/bash
# `airflow …` unless a shell or Python is asked for; what is written belongs to the group, too.
set -euo pipefail
umask 0002
case ${1:-} in
  bash | python) exec "$@" ;;
  airflow) shift ;;
esac
exec airflow "$@"
