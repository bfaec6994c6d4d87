#!/usr/bin/env bash
# Rewrites the hashed locks from pyproject.toml. Needs uv (it is in requirements/dev.txt).
# Each later lock is constrained by runtime.txt, so all four name the same versions.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # usage: compile OUTPUT [OPTION...]
	local output=requirements/$1
	shift
	# No index address and no path may get into a lock: hence the --no-emit options and no header.
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --no-annotate \
		--output-file "$output" pyproject.toml "$@"
}

# The images install without dependency checks, so they can leave out what is never used. The
# development environment is complete, because pip checks there.
images=(--override requirements/left-out.txt)

compile runtime.txt "${images[@]}"
compile selenium.txt --extra selenium --constraint requirements/runtime.txt "${images[@]}"
compile simulator.txt --extra simulator --constraint requirements/runtime.txt "${images[@]}"
compile dev.txt --extra selenium --extra simulator --extra dev --constraint requirements/runtime.txt
