#!/bin/bash
# The official Redis image's contract: options alone mean redis-server, root drops to uid 999.
set -euo pipefail

# usage: _is_option_or_conf WORD
_is_option_or_conf() { [[ $1 == -* || $1 == *.conf ]]; }

# usage: _server_arguments [CONF] [OPTION...]
# The official build has protected mode off: containers are reached from other hosts.
# A configuration file must stay the first argument; the caller's own options win, being last.
_server_arguments() {
    arguments=(redis-server)
    case ${1:-} in
    - | -v | --version | -h | --help | --test-memory | --check-system)
        arguments+=("$@")
        return
        ;;
    *.conf)
        arguments+=("$1")
        shift
        ;;
    esac
    arguments+=(--protected-mode no "$@")
}

if [ $# -gt 0 ] && _is_option_or_conf "$1"; then
    set -- redis-server "$@"
fi
if [ "${1:-}" = redis-server ]; then
    shift
    _server_arguments "$@"
    set -- "${arguments[@]}"
    # The official image's umask: files of the data directory are the owner's alone.
    [ "$(umask)" != 0022 ] || umask 0077
    if [ "$(id -u)" -eq 0 ]; then
        find . \! -user redis -exec chown redis:redis '{}' +
        exec setpriv --reuid=redis --regid=redis --init-groups -- "$@"
    fi
fi
exec "$@"
