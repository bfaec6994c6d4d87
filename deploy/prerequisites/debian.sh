# shellcheck shell=bash
# What both the prerequisites and the air-gapped base images need from Debian. Sourced, never run.

# usage: say MESSAGE...
#    ie: speaker=airgap; say "redis:8-trixie is here."
say() { printf '%s: %s\n' "${speaker:-prerequisites}" "$*" >&2; }

# usage: fail MESSAGE...
fail() {
    say "$@"
    exit 1
}

# usage: is_debian_as_root
# Only there does the bundle install anything: elsewhere it says what is missing.
is_debian_as_root() {
    [ "$(id -u)" -eq 0 ] && [ -r /etc/os-release ] && command -v apt-get >/dev/null &&
        (. /etc/os-release && [ "${ID:-}" = debian ])
}

# usage: debian_codename
debian_codename() { (. /etc/os-release && echo "${VERSION_CODENAME:-unknown}"); }

# usage: apt_update
# Once per run: a machine that was never updated has no package lists at all.
apt_update() {
    [ -z "${_apt_updated:-}" ] || return 0
    say "Updating the package lists..."
    apt-get update -qq -o Acquire::Retries=3 >&2 ||
        say "apt-get update reported a fault (see above); going on with the lists that are there."
    _apt_updated=yes
}

# usage: apt_install PACKAGE...
apt_install() {
    apt_update
    say "Installing $* from Debian..."
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Acquire::Retries=3 \
        -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >&2 ||
        fail "apt could not install $*: see its message above."
}

# usage: debian_mirror [LABEL]
#    ie: debian_mirror Debian-Security
# Prints the address of the archive that this machine's own apt uses; nothing if it has none.
debian_mirror() {
    # shellcheck disable=SC2016 # $(REPO_URI) is apt's word, not the shell's
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
        "Label: ${1:-Debian}" | sed -n 1p
}

# usage: required_debian_mirror
required_debian_mirror() {
    local mirror
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail "apt knows no Debian mirror: name one in /etc/apt/sources.list.d" \
        "and run apt-get update."
    echo "$mirror"
}
