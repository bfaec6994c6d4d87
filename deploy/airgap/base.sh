# shellcheck shell=bash
# Base images from Debian packages. Sourced by build.sh.

readonly DEBIAN_BASE=fiscal-base-debian:trixie

# usage: build_base BASE IMAGE
#    ie: build_base redis fiscal-base-redis:trixie
build_base() {
    is_present "$DEBIAN_BASE" || build_debian_base
    say "Building $2 (half a minute)..."
    docker build -q -t "$2" "${here:?}/$1" >/dev/null ||
        fail "$2 could not be built: see the message above."
    say "$2 is built."
}

# usage: trixie_sources
# One line per suite, from the mirrors that this machine's own apt uses.
trixie_sources() {
    local mirror security
    mirror=$(required_debian_mirror)
    security=$(debian_mirror Debian-Security)
    echo "deb $mirror trixie main"
    echo "deb $mirror trixie-updates main"
    [ -z "$security" ] || echo "deb $security trixie-security main"
}

# usage: build_debian_base
# Without manuals, documentation and translations, as Debian's official slim images are.
build_debian_base() {
    local sources
    is_debian_as_root ||
        fail "Base images can be built on Debian as root only: pull them where a registry is in" \
            "reach, or load them ('docker load'): $(official_images)."
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap
    apt_update
    sources=$(trixie_sources)
    say "Making a minimal Debian trixie with mmdebstrap (half a minute)..."
    # shellcheck disable=SC2016 # $1 is mmdebstrap's, the new root
    mmdebstrap --quiet --variant=minbase \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' \
        --customize-hook="copy-in $here/docker-clean.conf /etc/apt/apt.conf.d" \
        --customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/hostname" "$1"/var/cache/apt/*.bin' \
        trixie - - <<<"$sources" | docker import -c 'CMD ["bash"]' - "$DEBIAN_BASE" >/dev/null ||
        fail "A minimal Debian could not be made: see mmdebstrap's message above."
    say "$DEBIAN_BASE is made."
}

# usage: official_images
official_images() {
    local base
    for base in "${BASES[@]}"; do official_image "$base"; done | paste -sd , | sed 's/,/, /g'
}
