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

compile runtime.txt
compile selenium.txt --extra selenium --constraint requirements/runtime.txt
compile simulator.txt --extra simulator --constraint requirements/runtime.txt
compile dev.txt --extra selenium --extra simulator --extra dev --constraint requirements/runtime.txt
