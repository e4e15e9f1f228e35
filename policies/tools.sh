#!/usr/bin/env bash
# Puts the pinned policy compiler into bin/ of this clone, which git ignores. Go builds them from source and checks that
# source against its public checksum database.
#   policies/tools.sh opa
# Exit code 3: there is no Go to build with.
set -euo pipefail
cd "$(dirname "$0")/.."

# The compiled bytes depend on the compiler: a new version and the bundle it makes belong in one commit.
readonly OPA_VERSION=v1.22.0

install() { # tool module version
  # A tool built from source does not always know its version: a file beside it does.
  [[ -x "bin/$1" && "$(cat "bin/$1.version" 2>/dev/null)" == "$3" ]] && return 0
  if ! command -v go >/dev/null; then
    echo "policies: $1 $3 is not in bin/, and there is no Go to build it with" >&2
    exit 3
  fi
  echo "policies: building $1 $3 from source, a minute or two" >&2
  CGO_ENABLED=0 GOBIN="$PWD/bin" go install "$2@$3" >&2
  echo "$3" >"bin/$1.version"
}

case "${1:-}" in
  opa) install opa github.com/open-policy-agent/opa "$OPA_VERSION" ;;
  *) echo "usage: policies/tools.sh opa" >&2 && exit 2 ;;
esac
