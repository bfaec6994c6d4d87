#!/usr/bin/env bash
# One version of everything that a cluster needs: both production images in a registry, and the
# chart in dist/ that names them. The simulator is no part of it: the demo invents an outside world,
# and who wants that on a cluster loads its image by hand (docs/CELERY_DEPLOYMENT_GUIDE.md).
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/.venv/bin:$PATH" # helm comes with the developer's locked packages

# Selenium last: where it is in the registry, the release is complete; one that broke off before
# can be started again.
readonly IMAGES=(slim selenium)

# usage: refuse SENTENCE
refuse() {
    printf 'release: %s\n' "$1" >&2
    exit "${2:-1}"
}

# usage: check_registry REGISTRY
#    ie: check_registry registry.example/team
check_registry() {
    [[ $1 =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$ ]] ||
        refuse "'$1' is no registry; name a host and a path, for example make release REGISTRY=registry.example/team." 64
}

# usage: check_tools
check_tools() {
    local tool
    for tool in git docker helm; do
        command -v "$tool" >/dev/null ||
            refuse "$tool is missing; deploy/prerequisites.sh brings docker, the .venv of 'make lint' helm."
    done
}

# usage: release_version
# Prints the one version of the Python package, the chart and the images.
release_version() {
    local package chart app
    package=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
    chart=$(sed -n 's/^version: *"\{0,1\}\([^" ]*\)"\{0,1\} *$/\1/p' deploy/helm/Chart.yaml)
    app=$(sed -n 's/^appVersion: *"\{0,1\}\([^" ]*\)"\{0,1\} *$/\1/p' deploy/helm/Chart.yaml)
    [[ $package == "$chart" && $package == "$app" ]] ||
        refuse "pyproject.toml says version $package, deploy/helm/Chart.yaml version $chart and appVersion $app; make them one."
    echo "$package"
}

# usage: check_clean
# An image and a chart of files that are in no commit could not be made again.
check_clean() {
    [[ -z $(git status --porcelain) ]] ||
        refuse "The work tree has changes that are in no commit; commit them or take them back, 'git status' lists them."
}

# usage: check_unreleased REGISTRY VERSION
# A cluster that holds an image does not pull its tag again: two contents of one tag is two releases
# that nobody can tell apart.
check_unreleased() {
    local last="$1/fiscal-${IMAGES[-1]}:$2" insecure=()
    # As the engine does, plain HTTP is spoken to this machine only.
    [[ $1 != localhost[:/]* && $1 != 127.* ]] || insecure=(--insecure)
    ! docker manifest inspect "${insecure[@]}" "$last" >/dev/null 2>&1 ||
        refuse "$last is in the registry already; raise the version in pyproject.toml and deploy/helm/Chart.yaml."
}

# usage: package_chart REGISTRY VERSION
# The chart as it is, but for the one line of its values that says where the images are.
package_chart() {
    local scratch
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$scratch'" RETURN
    mkdir -p dist
    echo '*' >dist/.gitignore
    cp -R deploy/helm "$scratch/fiscal"
    sed -i "s|^  registry: \"\"|  registry: \"$1\"|" "$scratch/fiscal/values.yaml"
    grep -qx "  registry: \"$1\"" "$scratch/fiscal/values.yaml" ||
        refuse "deploy/helm/values.yaml has no line '  registry: \"\"' to write the registry into."
    helm package "$scratch/fiscal" --destination dist >/dev/null
    echo "dist/fiscal-$2.tgz"
}

# usage: push_images REGISTRY VERSION
# Prints the digest under which the registry keeps each.
push_images() {
    local image name
    for image in "${IMAGES[@]}"; do
        name="$1/fiscal-$image:$2"
        docker tag "fiscal-$image:dev" "$name"
        docker push "$name" >&2
        docker image inspect --format '{{join .RepoDigests "\n"}}' "$name" | grep "^${name%:*}@"
    done
}

_main() {
    local registry="${1%/}" version
    check_registry "$registry"
    check_tools
    version=$(release_version)
    check_clean
    check_unreleased "$registry" "$version"
    package_chart "$registry" "$version"
    deploy/airgap/build.sh
    docker compose --profile '*' build secrets slow >&2 # the builds of slim and selenium
    push_images "$registry" "$version"
}

_main "${1:-}"
