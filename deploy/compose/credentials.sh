#!/bin/sh
# Prints what a person needs to look around: the Flower login and an API key. They live in
# volumes, so a container reads them; whether the bundle runs does not matter.
set -eu

read_secret() {
    docker compose run --rm --no-deps -T --entrypoint cat secrets "/run/fiscal/secrets/$1" 2>/dev/null ||
        { echo "There are no credentials yet: 'make up' makes them." >&2 && exit 1; }
}

flower=$(read_secret flower/flower_basic_auth)
key=$(read_secret api/api_keys)
printf '%-8s %s\n' \
    Flower "http://localhost:${FLOWER_PORT:-5555}/flower  user ${flower%%:*}  password ${flower#*:}" \
    API "http://localhost:${API_PORT:-8000}/docs  header X-API-Key: ${key%%,*}"
