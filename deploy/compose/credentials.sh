#!/bin/sh
# Prints what a person needs to look around: the logins of Flower and the metrics, an API key. They live in
# volumes, so a container reads them; whether the bundle runs does not matter.
set -eu

read_secret() {
    docker compose run --rm --no-deps -T --entrypoint cat secrets "/run/fiscal/secrets/$1" 2>/dev/null ||
        { echo "There are no credentials yet: 'make up' makes them." >&2 && exit 1; }
}

flower=$(read_secret flower/flower_basic_auth)
metrics=$(read_secret metrics/metrics_basic_auth)
key=$(read_secret api/api_keys)
printf '%-8s %s\n' \
    Flower "http://localhost:${FLOWER_PORT:-5555}/flower  user ${flower%%:*}  password ${flower#*:}" \
    Metrics "http://localhost:${METRICS_PORT:-9464}/metrics  user ${metrics%%:*}  password ${metrics#*:}" \
    API "http://localhost:${API_PORT:-8000}/docs  header X-API-Key: ${key%%,*}"
