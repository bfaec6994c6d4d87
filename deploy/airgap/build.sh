#!/usr/bin/env bash
# The base images, pulled where a registry is in reach and built from Debian packages where not.
# What had to be built is written to compose.override.yaml, which git ignores and Compose reads.
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
# The client of Debian 12 builds the old way unless asked; a newer one takes no notice.
export DOCKER_BUILDKIT=1
# shellcheck disable=SC2034 # read by say
speaker=airgap
# shellcheck source=deploy/prerequisites/debian.sh
. "$here/../prerequisites/debian.sh"
# shellcheck source=deploy/airgap/base.sh
. "$here/base.sh"
# shellcheck source=deploy/airgap/override.sh
. "$here/override.sh"

readonly BASES=(python redis postgres prometheus)

# usage: official_image BASE
#    ie: official_image redis
official_image() {
    case $1 in
    python) echo "${PYTHON_IMAGE:-python:3.13-slim-trixie}" ;;
    redis) echo "${REDIS_IMAGE:-redis:8-trixie}" ;;
    postgres) echo "${POSTGRES_IMAGE:-pgvector/pgvector:pg17}" ;;
    prometheus) echo "${PROMETHEUS_IMAGE:-prom/prometheus:v2.53.5}" ;;
    esac
}

# usage: own_image BASE
own_image() { echo "fiscal-base-$1:trixie"; }

is_present() { docker image inspect "$1" >/dev/null 2>&1; }

# usage: obtain BASE
# Leaves either the official image or our own on this machine.
obtain() {
    local official own
    official=$(official_image "$1") own=$(own_image "$1")
    if is_present "$official"; then
        say "$official is already here."
    elif is_present "$own"; then
        # Docker's cache makes this nothing, unless its folder here has changed since.
        if is_present "$DEBIAN_BASE"; then build_base "$1" "$own"; fi
        say "$own is already here, standing in for $official."
    elif say "Pulling $official..." && docker pull "$official" >&2; then
        say "$official is pulled."
    else
        say "$official cannot be pulled: building $own from Debian packages."
        build_base "$1" "$own"
    fi
}

_main() {
    local base
    for base in "${BASES[@]}"; do obtain "$base"; done
    write_override
}

_main "$@"
