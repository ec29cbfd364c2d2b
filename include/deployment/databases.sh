#!/usr/bin/env bash
# Makes the databases of Airflow, of the sync and of Celery's results, each with a role that sees no other. PostgreSQL's image runs this once, when
# its volume is empty.
set -euo pipefail

database() {
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set name="$1" --set password="$2" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

database airflow "${AIRFLOW_DATABASE_PASSWORD:?}"
database customerp_trello "${STATE_DATABASE_PASSWORD:?}"
database celery_results "${RESULTS_DATABASE_PASSWORD:?}"
