#!/usr/bin/env bash
# All checks of the policy, for `npm run check:policies`: format, types and strictness (OPA's own linter), tests,
# coverage, and that what is committed in compiled form is what the sources say.
#
# Without the tools these checks are skipped and say so, unless CI or POSTERN_REQUIRE_OPA=1 demands them.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$here/.."
fixtures="$root/test/policy/fixtures"
opa="$root/bin/opa"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

step() { echo "policies: $*"; }
skip() { printf '\n*** POLICY CHECKS SKIPPED: %s ***\n\n' "$*" >&2; }

if ! "$here/tools.sh" opa; then
  skip 'opa could not be installed (see above); Go builds it, https://go.dev/dl'
  [[ -n "${CI:-}" || "${POSTERN_REQUIRE_OPA:-}" == 1 ]] && exit 1
  exit 0
fi
cd "$here"

step format
"$opa" fmt --diff --fail . "$root/test/policy"

step 'types and strictness'
"$opa" check --strict --capabilities capabilities.json --schema schema postern.rego postern_test.rego lib
"$opa" check --strict --capabilities capabilities.json --schema schema postern.rego lib "$fixtures/site/site.rego"

step tests
"$opa" test postern.rego postern_test.rego lib data.json
"$opa" test --coverage --threshold 100 postern.rego postern_test.rego lib data.json >"$scratch/coverage.json" || {
  cat "$scratch/coverage.json"
  exit 1
}

# Each as a site would use it: compiled together with the default rules, and with no other example.
for example in examples/*/; do
  step "example ${example%/}"
  "$opa" check --strict --capabilities capabilities.json --schema schema postern.rego lib "$example"
  "$opa" test postern.rego lib data.json "$example"
  "$opa" test --coverage --threshold 100 postern.rego postern_test.rego lib data.json "$example" >"$scratch/coverage.json" || {
    cat "$scratch/coverage.json"
    exit 1
  }
  "$here/build.sh" -o "$scratch/example.tar.gz" "$example"
done

# The interpreter's half of the matrix; test/policy/matrix.test.ts plays the other half against the compiled module.
step matrix
(cd "$root" && node --import tsx test/policy/write-cases.mjs "$scratch/cases.json")
answer="$("$opa" eval --format raw --data postern.rego --data lib --data data.json --data "$scratch/cases.json" \
  --data "$root/test/policy/matrix.rego" '[data.matrix.played > 5000, data.matrix.different]')"
if [[ "$answer" != '[true,[]]' ]]; then
  echo "rows that differ: $answer" >&2
  exit 1
fi

same() { # committed sources...
  local committed="$1"
  shift
  "$here/build.sh" -o "$scratch/fresh.tar.gz" "$@"
  cmp "$committed" "$scratch/fresh.tar.gz" && return
  echo "$committed is not what the sources say: rebuild it with policies/build.sh and commit it" >&2
  exit 1
}
step 'compiled bundles'
same "$here/bundle.tar.gz"
same "$fixtures/site.tar.gz" "$fixtures/site"
same "$fixtures/shapes.tar.gz" --bare "$fixtures/shapes"
same "$fixtures/clock.tar.gz" --bare "$fixtures/clock"
same "$fixtures/chosen.tar.gz" --bare "$fixtures/chosen"
step ok
