# shellcheck shell=bash
# compose.override.yaml: which images stand in here, and the private CA of the builds. Sourced.

readonly OVERRIDE_MARK="# Written by deploy/airgap/build.sh for this machine; remove it and run that again."

# usage: resolve_compose
# Asks Compose once, without the override that is about to be written.
resolve_compose() {
    resolved=$(docker compose -f "${repository:?}/compose.yaml" --profile '*' config) ||
        fail "compose.yaml cannot be resolved: see Compose's message above."
}

# usage: compose_services PATTERN
#    ie: compose_services 'build:'      prints the services that are built here
# Reads Compose's own resolved form, in which a service's keys are indented by four spaces.
compose_services() {
    awk -v pattern="^    $1" '
        /^[^ ]/ { inside = ($0 == "services:") }
        inside && /^  [^ ].*:$/ { service = substr($1, 1, length($1) - 1) }
        inside && $0 ~ pattern { print service }' <<<"$resolved"
}

# usage: private_ca
# Prints the file of certificates that this machine's own pip was told to trust, if any.
private_ca() {
    local file
    for file in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}"; do
        if [ -n "$file" ] && [ -f "$file" ]; then
            realpath "$file"
            return
        fi
    done
}

# usage: override_services
override_services() {
    local base service ca
    ca=$(private_ca)
    for base in "${BASES[@]}"; do # python's is an argument of builds only
        is_present "$(official_image "$base")" && continue
        for service in $(compose_services "image: $(official_image "$base")\$"); do
            printf '  %s:\n    image: %s\n' "$service" "$(own_image "$base")"
        done
    done
    is_present "$(official_image python)" && [ -z "$ca" ] && return
    for service in $(compose_services 'build:'); do
        printf '  %s:\n    build:\n' "$service"
        is_present "$(official_image python)" ||
            printf '      args:\n        PYTHON_IMAGE: %s\n' "$(own_image python)"
        [ -z "$ca" ] || printf '      secrets: [ca]\n'
    done
}

# usage: override_text
override_text() {
    local services ca
    services=$(override_services)
    ca=$(private_ca)
    [ -n "$services" ] || return 0
    printf 'services:\n%s\n' "$services"
    [ -z "$ca" ] || printf 'secrets:\n  ca:\n    file: "%s"\n' "$ca"
}

# usage: write_override
# Touches no file that a person wrote: it says what belongs there instead.
write_override() {
    local file=$repository/compose.override.yaml text
    resolve_compose
    text=$(override_text)
    if [ -f "$file" ] && ! grep -qxF "$OVERRIDE_MARK" "$file"; then
        [ -z "$text" ] || say "compose.override.yaml is yours and stays as it is; on this machine" \
            "it has to hold these lines too:"$'\n'"$text"
    elif [ -z "$text" ]; then
        rm -f "$file"
    else
        printf '%s\n%s\n' "$OVERRIDE_MARK" "$text" >"$file.new"
        mv "$file.new" "$file"
        say "compose.override.yaml names what stands in here."
    fi
}
