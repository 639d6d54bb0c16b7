#!/bin/bash
# The first start makes the cluster, the user's database and what /docker-entrypoint-initdb.d says; later ones only serve.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
  chown -R postgres:postgres "$PGDATA"
  chmod 700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?}"
  user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
  initdb --username "$user" --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") --encoding UTF8 --locale C.UTF-8 \
    --auth-local trust --auth-host scram-sha-256 >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait --options "-c listen_addresses=''" start >/dev/null # nobody from outside before all is made
  [ "$database" = postgres ] || psql --username "$user" --dbname postgres --quiet --command "CREATE DATABASE \"$database\""
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ -e "$file" ] && psql --username "$user" --dbname "$database" --quiet --set ON_ERROR_STOP=1 --file "$file"
  done
  pg_ctl --wait --mode fast stop >/dev/null
fi

exec "$@" -c 'listen_addresses=*'
