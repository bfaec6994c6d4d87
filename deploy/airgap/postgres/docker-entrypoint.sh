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
        [ -r "${!file_name}" ] || _refuse "$file_name=${!file_name} cannot be read."
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
# A first start that is killed leaves nothing to repair: the cluster is made in a folder of its
# own, moved with PG_VERSION last, and swept away by the next start if PG_VERSION never came.
_create_cluster() {
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} new=$PGDATA/first-start
    file_env POSTGRES_PASSWORD
    file_env POSTGRES_USER postgres
    file_env POSTGRES_DB "$POSTGRES_USER"
    [ -n "$POSTGRES_PASSWORD" ] || [ "$method" = trust ] ||
        _refuse "POSTGRES_PASSWORD is missing: set it or POSTGRES_PASSWORD_FILE, for example" \
            "POSTGRES_PASSWORD_FILE=/run/secrets/postgres-password."
    mkdir -p "$PGDATA" # a folder below a volume is not there at first
    chmod 0700 "$PGDATA" # Postgres starts on nothing wider
    [ ! -d "$new" ] || find "$PGDATA" -mindepth 1 -delete
    # shellcheck disable=SC2086 # the official image splits POSTGRES_INITDB_ARGS into words too
    initdb -D "$new" --username="$POSTGRES_USER" \
        --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
    printf 'host all all all %s\n' "$method" >>"$new/pg_hba.conf"
    _create_database "$new"
    find "$new" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
    mv "$new/PG_VERSION" "$PGDATA"
    rmdir "$new"
    echo "PostgreSQL init process complete; ready for start up."
}

# usage: _create_database CLUSTER
# Without a server, so that no client can reach a half-made one. Single-user mode takes one command
# a line; a name's own quotes are doubled.
_create_database() {
    [ "$POSTGRES_DB" = postgres ] ||
        printf 'CREATE DATABASE "%s"\n' "${POSTGRES_DB//\"/\"\"}" |
        postgres --single -D "$1" postgres >/dev/null
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
