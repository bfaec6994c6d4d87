#!/usr/bin/env bash
# What a container of this bundle becomes: docker-entrypoint.sh ROLE, or any other command as it is.
# A refusal is one sentence on stderr and exit code 64, before anything starts; it never shows a
# secret. Sourcing this file only defines its functions: that is how tests/entrypoint tries them.
set -euo pipefail

ROLES="api, worker, beat, flower, metrics, migrate, secrets, simulator"
QUEUES="high, default, low" CHROME_QUEUES="low" # tests/entrypoint keeps both equal to topology.py
SECRETS="DATABASE_URL REDIS_URL SECRET_KEYS API_KEYS FLOWER_BASIC_AUTH METRICS_BASIC_AUTH WHATSAPP_ACCESS_TOKEN WHATSAPP_APP_SECRET WHATSAPP_VERIFY_TOKEN WHATSAPP_SESSIONS_URL SMTP_URL MEM0_API_KEY MEM0_EMBEDDER_API_KEY PDF_STORE_S3_ACCESS_KEY_ID PDF_STORE_S3_SECRET_ACCESS_KEY OTEL_EXPORTER_OTLP_HEADERS"
# variable ; its shape ; what is allowed, in words ; an example ; why a role cannot do without it
VARIABLES="DATABASE_URL;^postgresql(\+psycopg)?://[^[:space:]]+$;postgresql://...;postgresql://user:password@postgres:5432/fiscal;companies, documents and runs are kept in Postgres
REDIS_URL;^rediss?://[^[:space:]]+$;redis://... or rediss://... without family=;redis://:password@redis:6379/0;the queues are kept in Redis
SECRET_KEYS;^[A-Za-z0-9_-]{43}=(,[A-Za-z0-9_-]{43}=)*$;Fernet keys joined by commas;\$(head -c 32 /dev/urandom | base64 | tr +/ -_);they encrypt the SII credentials
API_KEYS;[^[:space:]];keys joined by commas;a-long-random-text,another-one;every request has to carry one
FLOWER_BASIC_AUTH;^[^:,[:space:]]+:[^:,[:space:]]+(,[^:,[:space:]]+:[^:,[:space:]]+)*$;user:password pairs in ASCII joined by commas;user:password;Flower has to know who may look
METRICS_BASIC_AUTH;^[^:,[:space:]]+:[^:,[:space:]]+(,[^:,[:space:]]+:[^:,[:space:]]+)*$;user:password pairs in ASCII joined by commas;user:password;the metrics have to know who may look
CELERY_QUEUES;.;$QUEUES;high,default;a worker has to know what it consumes
CELERY_WORKER_NAME;^[a-z0-9][a-z0-9-]{0,62}$;a-z, 0-9 and -, at most 63 of them;fast;Flower, logs and runs tell workers apart by it
CELERY_QUEUE_SLOTS;^[^:,]+:[1-9][0-9]{0,5}(,[^:,]+:[1-9][0-9]{0,5})*$;queue:number joined by commas, each number at least 1;high:3,default:2;
CELERY_LOG_LEVEL;^(debug|info|warning|error|critical|DEBUG|INFO|WARNING|ERROR|CRITICAL)$;debug, info, warning, error or critical;info;
CELERY_CONCURRENCY;^[1-9][0-9]{0,2}$;a whole number from 1 to 999;2;
CELERY_MAX_TASKS_PER_CHILD;^[1-9][0-9]{0,5}$;a whole number from 1 to 999999;50;
WEB_CONCURRENCY;^[1-9][0-9]{0,2}$;a whole number from 1 to 999;2;
PORT;^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$;a whole number from 1 to 65535;8000;"

# usage: refuse SENTENCE
refuse() { printf '%s\n' "$1" >&2 && exit 64; }
# usage: describe VAR    ie: describe PORT sets shape, allowed, example and why as the table says
describe() { IFS=';' read -r _ shape allowed example why < <(grep "^$1;" <<<"$VARIABLES"); }

# usage: refuse_value VAR FAULT    ie: refuse_value PORT "is '0'" adds what is allowed and an example
refuse_value() {
    local shape allowed example why && describe "$1"
    refuse "$1 $2; allowed is $allowed, for example $1=$example"
}

# usage: file_env VAR    ie: file_env REDIS_URL exports the content of the file that REDIS_URL_FILE names
file_env() {
    local name="$1_FILE" value && local file="${!name:-}"
    [[ $file ]] || return 0
    [[ -z ${!1:-} ]] || refuse "$1 and $name are both set; keep only one, for example $name=$file"
    value="$(cat 2>/dev/null <"$file")" || refuse "$name is ${file@Q}, which user $(id -u) cannot read; mount the file\
 or set $1, for example $name=/run/secrets/${1,,}"
    [[ $value =~ [^[:space:]] ]] || refuse "$name is ${file@Q}, which is empty; write the value of $1 into it, for example by the role 'secrets'"
    export "$1=$value" && unset "$name" # the application reads both names: leave it one
}

# usage: check optional|required VAR...    ie: check optional PORT refuses PORT=0, and no PORT is fine
check() {
    local var shape allowed example why value names fault
    for var in "${@:2}"; do
        describe "$var" && value="${!var:-}" && names="$var" fault="is ${value@Q}"
        [[ " $SECRETS " != *" $var "* ]] || names+=" or ${var}_FILE" fault="is malformed"
        [[ $1 == optional || $value =~ [^[:space:]] ]] || refuse "$var is not set, and $why; set $names, for example $var=$example"
        [[ -z $value || $value =~ $shape ]] || refuse_value "$var" "$fault"
        [[ $var != REDIS_URL || ! $value =~ [?\&]family= ]] || refuse_value "$var" "carries family=, which redis-py refuses"
        [[ $var != *_BASIC_AUTH || $value != *[^[:ascii:]]* ]] || refuse_value "$var" "is not ASCII"
    done
}

# usage: split_list VAR    ie: with VAR=" high, default," sets PARTS=(high default), or refuses a name that comes twice
split_list() {
    local twice IFS=$', \t\n'
    read -rd '' -a PARTS <<<"${!1:-}" || true # it reads to the end: there is no delimiter to find
    IFS=, && export "$1=${PARTS[*]}"
    twice="$(printf '%s\n' "${PARTS[@]%:*}" | sort | uniq -d | head -n 1)"
    [[ -z $twice ]] || refuse_value "$1" "names '$twice' twice"
}

# usage: check_queues
check_queues() {
    local queue && split_list CELERY_QUEUES
    for queue in "${PARTS[@]}"; do
        [[ $queue && ", $QUEUES," == *", $queue,"* ]] || refuse_value CELERY_QUEUES "names the unknown queue ${queue@Q}"
        [[ ", $CHROME_QUEUES," != *", $queue,"* ]] || type chromium chromedriver &>/dev/null ||
            refuse "CELERY_QUEUES names '$queue', whose tasks need Chrome, and this image has none; use the selenium\
 image or leave the queue out, for example CELERY_QUEUES=high,default"
    done
}

# usage: check_slots    ie: with CELERY_QUEUES=high and CELERY_CONCURRENCY=2 it refuses default:1 and high:3
check_slots() {
    local slot most="${CELERY_CONCURRENCY:-2}" && split_list CELERY_QUEUE_SLOTS && check optional CELERY_QUEUE_SLOTS
    for slot in "${PARTS[@]}"; do
        [[ ",$CELERY_QUEUES," == *",${slot%:*},"* ]] || refuse_value CELERY_QUEUE_SLOTS "names '${slot%:*}', which this worker does not consume"
        [[ ${slot#*:} -le $most ]] || refuse_value CELERY_QUEUE_SLOTS "gives $slot, more than CELERY_CONCURRENCY ($most)"
    done
}

# usage: listen_host [IF_INET6]    ie: listen_host prints [::], or 0.0.0.0 where the kernel has no IPv6 address
listen_host() { if grep -qs . "${1:-/proc/net/if_inet6}"; then echo "[::]"; else echo "0.0.0.0"; fi; }

run_api() {
    local scratch=/tmp && [[ ! -w /dev/shm ]] || scratch=/dev/shm # a heartbeat file on a disk can stall a worker
    check optional PORT WEB_CONCURRENCY && check required DATABASE_URL REDIS_URL SECRET_KEYS API_KEYS
    fiscal wait-for-schema
    exec gunicorn app.main:app -k uvicorn_worker.UvicornWorker -b "$(listen_host):${PORT:-8000}" \
        --workers "${WEB_CONCURRENCY:-2}" --worker-tmp-dir "$scratch" --no-control-socket --logger-class app.api.server_log.ServerLog
}

run_worker() {
    check optional CELERY_CONCURRENCY CELERY_MAX_TASKS_PER_CHILD CELERY_LOG_LEVEL CELERY_WORKER_NAME && check_queues
    check required CELERY_QUEUES CELERY_WORKER_NAME && check_slots
    check required DATABASE_URL REDIS_URL SECRET_KEYS
    fiscal wait-for-schema
    export REMAP_SIGTERM=SIGQUIT # Celery's soft shutdown answers to nothing else
    # No banner: every line is JSON. Gossip and mingle serve what nothing here uses; mingle costs a second.
    exec celery -A app.infrastructure.celery --quiet worker -Q "$CELERY_QUEUES" -n "$CELERY_WORKER_NAME@%h" \
        --concurrency="${CELERY_CONCURRENCY:-2}" --max-tasks-per-child="${CELERY_MAX_TASKS_PER_CHILD:-50}" \
        --loglevel="${CELERY_LOG_LEVEL:-info}" --without-gossip --without-mingle
}

run_beat() {
    check optional CELERY_LOG_LEVEL && check required DATABASE_URL REDIS_URL
    fiscal wait-for-schema # below: no pidfile, since a stale one keeps beat from starting
    exec celery -A app.infrastructure.celery --quiet beat --pidfile= --loglevel="${CELERY_LOG_LEVEL:-info}"
}

run_flower() {
    check optional PORT && check required REDIS_URL FLOWER_BASIC_AUTH
    export FLOWER_PORT="${PORT:-5555}" FLOWER_URL_PREFIX=flower FLOWER_READ_ONLY="${FLOWER_READ_ONLY:-true}"
    export FLOWER_MAX_TASKS="${FLOWER_MAX_TASKS:-5000}" FLOWER_PURGE_OFFLINE_WORKERS="${FLOWER_PURGE_OFFLINE_WORKERS:-300}"
    exec python -m app.infrastructure.celery.flower # options by environment: a command line is public
}

# Waits for nothing: a store that is down is what it tells.
run_metrics() { check optional PORT && check required DATABASE_URL REDIS_URL METRICS_BASIC_AUTH && exec python -m app.metrics "$(listen_host):${PORT:-9464}"; }
run_migrate() { check required DATABASE_URL && exec fiscal migrate; }
run_simulator() {
    check optional PORT # the module lives in the simulator's own image stage only
    python -c "import simulator" 2>/dev/null || refuse "The role 'simulator' is not in this image; use the simulator's, for example fiscal-simulator:dev"
    exec uvicorn simulator.main:app --host 0.0.0.0 --port "${PORT:-8080}" --timeout-graceful-shutdown 3
}

# usage: run_secrets DIRECTORY
run_secrets() {
    [[ $# -eq 1 ]] || refuse "The role 'secrets' needs one directory to write to, for example: secrets /run/fiscal/secrets"
    exec fiscal secrets "$1"
}

_is_sourced() { [[ ${BASH_SOURCE[0]} != "$0" ]]; }
# usage: _main ROLE | _main COMMAND [ARGUMENT...]
_main() {
    local role="${1:-}" name
    [[ $role && $role != -* ]] || refuse "No role given; allowed is $ROLES or a command, for example: worker"
    [[ $role != *,* && ", $ROLES," == *", $role,"* ]] || { type -P "$role" >/dev/null && exec "$@"; } ||
        refuse "${role@Q} is neither a role ($ROLES) nor a command here, for example: worker"
    [[ $# -eq 1 || $role == secrets ]] || refuse "The role '$role' takes no arguments and got ${2@Q}; set variables instead, for example CELERY_QUEUES=low"
    if [[ $role != secrets ]]; then for name in $SECRETS; do file_env "$name"; done; fi
    "run_$role" "${@:2}"
}

_is_sourced || _main "$@"
