# shellcheck shell=bash
# The Docker engine and its client. Sourced by prerequisites.sh.

readonly DOCKERD_LOG=/var/log/dockerd.log
readonly ENGINE_DEADLINE=60 # seconds; a cold start here takes 2 to 5

engine_answers() { docker info >/dev/null 2>&1; }

# usage: engine_version
engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }

# usage: install_engine
install_engine() {
    local packages=()
    command -v dockerd >/dev/null || packages+=(docker.io)
    command -v iptables >/dev/null || packages+=(iptables)
    # Debian 13 split the client off; on Debian 12 it is part of docker.io.
    if ! command -v docker >/dev/null && [ "$(debian_codename)" != bookworm ]; then
        packages+=(docker-cli)
    fi
    if [ ${#packages[@]} -eq 0 ]; then
        say "Docker's engine and client are already installed."
        return
    fi
    apt_install "${packages[@]}"
}

# usage: start_engine
start_engine() {
    if engine_answers; then
        say "The Docker engine $(engine_version) is already running."
        return
    fi
    [ -z "${DOCKER_HOST:-}" ] || fail "No engine answers at DOCKER_HOST=$DOCKER_HOST:" \
        "start it there, or unset DOCKER_HOST to use this machine's own engine."
    if [ -d /run/systemd/system ]; then
        say "Starting the Docker engine through systemd..."
        systemctl start docker || true # its fault is shown below, with the journal
    elif pidof dockerd >/dev/null; then
        say "A dockerd is starting already; waiting for it."
    else
        say "Starting dockerd in the background (no systemd here); it logs to $DOCKERD_LOG."
        # A pid file of a killed engine, its number taken by another process, stops the next one.
        rm -f /var/run/docker.pid
        setsid nohup dockerd >>"$DOCKERD_LOG" 2>&1 </dev/null &
    fi
    wait_for_engine
}

# usage: wait_for_engine
wait_for_engine() {
    local deadline=$((SECONDS + ENGINE_DEADLINE))
    until engine_answers; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            show_engine_log
            fail "The Docker engine does not answer after $ENGINE_DEADLINE s: its last words are above."
        fi
        sleep 1
    done
    say "The Docker engine $(engine_version) answers."
}

# usage: show_engine_log
show_engine_log() {
    if [ -d /run/systemd/system ]; then
        journalctl --no-pager -n 30 -u docker >&2 || true
    else
        tail -n 30 "$DOCKERD_LOG" >&2 || true
    fi
}
