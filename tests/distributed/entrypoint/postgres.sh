#!/usr/bin/env bash
# What the entrypoint of PostgreSQL's image does with an empty volume, and then what it was told.
set -euo pipefail
if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
  # shellcheck disable=SC2086
  initdb --username "$POSTGRES_USER" --pwfile <(printf '%s' "$POSTGRES_PASSWORD") --auth-local=trust --no-sync \
    $POSTGRES_INITDB_ARGS
  # Nothing in it survives the test.
  printf 'fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n' >>"$PGDATA/postgresql.conf"
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait --options "-c listen_addresses=''" start
  for script in /docker-entrypoint-initdb.d/*; do bash "$script"; done
  pg_ctl --wait --mode fast stop
fi
exec "$@"
