#!/usr/bin/env bash
# Goes from whatever layout runs to another while work flows: the new workers consume before the old
# ones stop, so that no queue is ever without one. What cannot come up goes away again, and the old
# layout has never stopped.
#
# usage: topology.sh one|two|three
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck disable=SC2034 # read by say
speaker=topology
# shellcheck source=deploy/prerequisites/debian.sh
. deploy/prerequisites/debian.sh

readonly PROFILES=(one workers three)

# usage: profile_of TOPOLOGY
profile_of() {
    case $1 in
    one | three) echo "$1" ;;
    two) echo workers ;;
    *) fail "There is no topology '$1'; give one, two or three, for example: make topology T=two" ;;
    esac
}

# usage: workers_of PROFILE...
# Prints the services that these profiles add to those that always run.
workers_of() {
    local profile
    for profile in "$@"; do docker compose --profile "$profile" config --services; done |
        sort -u | comm -23 - <(docker compose --profile none config --services | sort)
}

# usage: present
# Prints the workers that have a container, of whatever layout.
present() {
    workers_of "${PROFILES[@]}" |
        comm -12 - <(docker compose --profile '*' ps --all --services | sort -u)
}

# usage: remember PROFILE
# What a plain `docker compose up` starts from now on.
remember() {
    local file=${COMPOSE_ENV_FILES:-.env}
    sed -i -E "/^COMPOSE_PROFILES=/s/\<($(IFS='|' && echo "${PROFILES[*]}"))\>/$1/" "${file##*,}"
}

main() {
    local profile before added extra
    profile=$(profile_of "${1:-}")
    before=$(present)
    added=$(workers_of "$profile" | comm -23 - <(echo "$before"))
    say "Starting $(join "$added")..."
    if ! docker compose --profile "$profile" up --detach --no-recreate --wait; then
        # shellcheck disable=SC2086 # a list of names
        [ -z "$added" ] || docker compose --profile '*' rm --stop --force $added
        fail "$(join "$added") did not become healthy (see above, and 'make logs' before you try" \
            "again), so the layout is as it was: $(join "$before")."
    fi
    extra=$(comm -23 <(echo "$before") <(workers_of "$profile"))
    if [ -n "$extra" ]; then
        say "Every queue has its new worker; stopping $(join "$extra"), whose runs go on there..."
        # shellcheck disable=SC2086
        docker compose --profile '*' rm --stop --force $extra
    fi
    remember "$profile"
    say "The layout is $1: $(join "$(workers_of "$profile")"). A plain 'docker compose up' starts it too."
}

# usage: join LINES
join() {
    if [ -n "$1" ]; then paste -sd , - <<<"$1" | sed 's/,/, /g'; else echo nothing; fi
}

main "$@"
