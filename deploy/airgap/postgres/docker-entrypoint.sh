#!/bin/bash
# The official Postgres image's contract as far as the bundle uses it: the first start makes the
# cluster, its superuser and its database from POSTGRES_*; every start drops root to uid 999.
# Left out: /docker-entrypoint-initdb.d.
set -Eeuo pipefail

# usage: file_env VARIABLE [DEFAULT]
#    ie: file_env POSTGRES_PASSWORD      reads POSTGRES_PASSWORD_FILE where that is set
file_env() {
    local name=$1 file_name=${1}_FILE
    if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
        _refuse "both $name and $file_name are set; set one of them."
    fi
    if [ -n "${!file_name:-}" ]; then
        export "$name=$(<"${!file_name}")"
    else
        export "$name=${!name:-${2:-}}"
    fi
    unset "$file_name"
}

_refuse() {
    echo "postgres: $*" >&2
    exit 1
}

# usage: _drop_root ARGUMENT...
_drop_root() {
    install -d -o postgres -g postgres -m 0700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres:postgres '{}' +
    install -d -o postgres -g postgres -m 3775 /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
}

# usage: _create_cluster
# A marker of an unfinished first start is not needed: initdb removes what it could not finish,
# and the database is created without a server that a client could already reach.
_create_cluster() {
    file_env POSTGRES_PASSWORD
    file_env POSTGRES_USER postgres
    file_env POSTGRES_DB "$POSTGRES_USER"
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    [ -n "$POSTGRES_PASSWORD" ] || [ "$method" = trust ] ||
        _refuse "POSTGRES_PASSWORD is missing: set it or POSTGRES_PASSWORD_FILE, for example" \
            "POSTGRES_PASSWORD_FILE=/run/secrets/postgres-password."
    # shellcheck disable=SC2086 # the official image splits POSTGRES_INITDB_ARGS into words too
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
        ${POSTGRES_INITDB_ARGS:-}
    printf 'host all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
    if [ "$POSTGRES_DB" != postgres ]; then
        # Single-user mode takes one command a line; a name's own quotes are doubled.
        printf 'CREATE DATABASE "%s"\n' "${POSTGRES_DB//\"/\"\"}" | postgres --single postgres >/dev/null
    fi
    echo "PostgreSQL init process complete; ready for start up."
}

_main() {
    [ "${1:0:1}" != - ] || set -- postgres "$@"
    if [ "$1" = postgres ]; then
        [ "$(id -u)" -ne 0 ] || _drop_root "$@"
        [ -s "$PGDATA/PG_VERSION" ] || _create_cluster
        unset POSTGRES_PASSWORD
    fi
    exec "$@"
}

_main "$@"
