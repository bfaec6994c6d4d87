#!/usr/bin/env bash
# What the bundle needs of a machine: a Docker engine that answers, Compose and buildx.
# Does nothing where they are; installs them on Debian as root; elsewhere says what is missing.
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/prerequisites/debian.sh
. "$here/prerequisites/debian.sh"
# shellcheck source=deploy/prerequisites/plugins.sh
. "$here/prerequisites/plugins.sh"
# shellcheck source=deploy/prerequisites/engine.sh
. "$here/prerequisites/engine.sh"

# usage: everything_is_there
everything_is_there() {
    command -v docker >/dev/null && engine_answers && compose_is_there && buildx_is_there
}

# usage: name_what_is_missing
# For a machine that we do not install on: one sentence per missing thing.
name_what_is_missing() {
    if ! command -v docker >/dev/null; then
        say "Docker is missing: install Docker Engine or Docker Desktop (docs.docker.com/get-docker)."
        return
    fi
    engine_answers || say "No Docker engine answers: start it (for example 'systemctl start docker'" \
        "or Docker Desktop), or let this user reach it (group docker)."
    compose_is_there || say "Docker Compose >= $COMPOSE_MINIMUM is missing (found" \
        "'$(compose_version)'): install the docker-compose-plugin package."
    buildx_is_there || say "Docker buildx >= $BUILDX_MINIMUM is missing (found" \
        "'$(buildx_version)'): install the docker-buildx-plugin package."
}

_main() {
    if everything_is_there; then
        say "Docker $(engine_version), Compose $(compose_version) and buildx" \
            "$(buildx_version) answer: nothing to do."
        return
    fi
    if ! is_debian_as_root; then
        name_what_is_missing
        fail "This script installs on Debian as root only; install the above and run it again."
    fi
    install_engine
    install_plugins
    start_engine
}

# Sourced by its tests, run by `make up`.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    _main "$@"
fi
