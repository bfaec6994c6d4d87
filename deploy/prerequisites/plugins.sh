# shellcheck shell=bash
# Docker's plugins: Compose v2 and buildx. Sourced by prerequisites.sh.

readonly COMPOSE_MINIMUM=2.23.2 # the first whose `--profile '*'` and `include` do what we need
readonly BUILDX_MINIMUM=0.13.0

# usage: version_at_least MINIMUM VERSION
#    ie: version_at_least 2.23.2 v2.26.1-4
version_at_least() {
    local found=${2#v}
    [ -n "$found" ] && [ "$(printf '%s\n' "$1" "$found" | sort -V | head -n 1)" = "$1" ]
}

# usage: compose_version
compose_version() { docker compose version --short 2>/dev/null || true; }

# usage: buildx_version
# `docker buildx version` prints "github.com/docker/buildx 0.13.1+ds1 ...": the second word.
buildx_version() { docker buildx version 2>/dev/null | awk 'NR == 1 { print $2 }' || true; }

compose_is_there() { version_at_least "$COMPOSE_MINIMUM" "$(compose_version)"; }
buildx_is_there() { version_at_least "$BUILDX_MINIMUM" "$(buildx_version)"; }

# usage: missing_plugin_packages
missing_plugin_packages() {
    compose_is_there || echo docker-compose
    buildx_is_there || echo docker-buildx
}

# usage: install_plugins
install_plugins() {
    local packages
    mapfile -t packages < <(missing_plugin_packages)
    if [ ${#packages[@]} -eq 0 ]; then
        say "Compose $(compose_version) and buildx $(buildx_version) are already there."
        return
    fi
    # Debian 12 packages a Compose of 2020 and no buildx; Debian 13 and later package both.
    case $(debian_codename) in
    bookworm) unpack_plugins_from_trixie "${packages[@]}" ;;
    *) apt_install "${packages[@]}" ;;
    esac
    compose_is_there || fail "Compose >= $COMPOSE_MINIMUM is still missing; found" \
        "'$(compose_version)'. Install Docker's compose plugin by hand."
    buildx_is_there || fail "buildx >= $BUILDX_MINIMUM is still missing; found" \
        "'$(buildx_version)'. Install Docker's buildx plugin by hand."
}

# usage: unpack_plugins_from_trixie PACKAGE...
# Lists, cache and sources live in a temporary folder, so that the machine's own apt never learns
# of trixie and a later `apt-get upgrade` cannot drift into it. Both are single Go binaries.
unpack_plugins_from_trixie() (
    plugins=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
    apt_update
    mirror=$(required_debian_mirror)
    apt_folder=$(mktemp -d)
    trap 'rm -rf "$apt_folder"' EXIT
    mkdir -p "$apt_folder/lists/partial" "$apt_folder/archives/partial" "$plugins"
    echo "deb $mirror trixie main" >"$apt_folder/trixie.list"
    cd "$apt_folder" || exit 1
    say "Fetching Debian 13's package list into a temporary folder..."
    _apt_in "$apt_folder" update
    say "Unpacking $* into $plugins..."
    _apt_in "$apt_folder" download "$@"
    for package in "$@"; do dpkg -x "$package"_*.deb unpacked; done
    find unpacked -path '*/cli-plugins/docker-*' -type f -exec install -m 0755 -t "$plugins" {} +
)

# usage: _apt_in FOLDER COMMAND [ARGUMENT...]
_apt_in() {
    local folder=$1
    shift
    apt-get -qq -o Acquire::Retries=3 -o APT::Sandbox::User=root \
        -o Dir::Etc::SourceList="$folder/trixie.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder" "$@" >&2 ||
        fail "apt could not $* from Debian 13: see its message above."
}
