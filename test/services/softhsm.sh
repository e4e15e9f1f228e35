#!/bin/bash
# SoftHSM 2.6 for tests: an initialised token in a folder of our own. A library and files: nothing runs.
#
#   softhsm.sh [--dir DIR] up | down | status | env | tool ARGUMENT... | destroy
#
# `tool` is pkcs11-tool, logged in to the token. `env` prints shell exports; `down` leaves the token, `destroy` does not.
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"

STATE=$STATE_ROOT/softhsm
TOKENS=$STATE/tokens
LABEL=postern
PIN_FILE=$STATE/pin
SO_PIN_FILE=$STATE/so-pin
LIBRARY=/usr/lib/softhsm/libsofthsm2.so
FAULTS=$STATE/libfaults.so
FAULTS_SOURCE=$SERVICES_SOURCE/softhsm-faults.c
HEADERS=$CLONE/node_modules/pkcs11js/includes/pkcs11
export SOFTHSM2_CONF=$STATE/softhsm2.conf

# Files of one user alone, as in production: the broker refuses a PIN that others can read.
umask 077

has_token() { softhsm2-util --show-slots 2>/dev/null | grep -q "^ *Label: *$LABEL *$"; }

new_pin() { [ -s "$1" ] || od -An -N8 -tu8 /dev/urandom | tr -dc 0-9 | tail -c 12 >"$1"; }

init() {
  install -d -m 700 "$TOKENS"
  cat >"$SOFTHSM2_CONF" <<CONF
directories.tokendir = $TOKENS
objectstore.backend = file
log.level = ERROR
CONF
  new_pin "$PIN_FILE"
  new_pin "$SO_PIN_FILE"
  has_token || softhsm2-util --init-token --free --label "$LABEL" \
    --pin "$(cat "$PIN_FILE")" --so-pin "$(cat "$SO_PIN_FILE")" >/dev/null
}

# A module in front of SoftHSM that fails, hangs, crashes and counts as a test tells it to: what no healthy token does.
build_faults() {
  [ "$FAULTS" -nt "$FAULTS_SOURCE" ] && return
  [ -d "$HEADERS" ] || die "the PKCS#11 headers of pkcs11js are missing: run npm ci first"
  gcc -shared -fPIC -O1 -Wall -I"$HEADERS" -o "$FAULTS.new" "$FAULTS_SOURCE" -ldl -lpthread
  mv "$FAULTS.new" "$FAULTS"
}

up() {
  lock "$STATE"
  install_packages softhsm2 opensc gcc libc6-dev
  init
  build_faults
  say "token \"$LABEL\" in $TOKENS"
}

down() { say "nothing runs; the token stays in $TOKENS"; }

status() {
  [ -e "$LIBRARY" ] || { say "not installed"; return 3; }
  has_token || { say "no token"; return 3; }
  say "token \"$LABEL\" in $TOKENS"
}

print_env() {
  printf 'export POSTERN_TEST_PKCS11_LIBRARY=%s\n' "$LIBRARY"
  printf 'export POSTERN_TEST_PKCS11_CONF=%s\n' "$SOFTHSM2_CONF"
  printf 'export POSTERN_TEST_PKCS11_TOKEN=%s\n' "$LABEL"
  printf 'export POSTERN_TEST_PKCS11_PIN_FILE=%s\n' "$PIN_FILE"
  [ ! -e "$FAULTS" ] || printf 'export POSTERN_TEST_PKCS11_FAULTS=%s\n' "$FAULTS"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  status) status ;;
  env) print_env ;;
  tool)
    shift
    pkcs11-tool --module "$LIBRARY" --token-label "$LABEL" --login --pin "$(cat "$PIN_FILE")" "$@"
    ;;
  destroy) lock "$STATE"; rm -rf "$STATE" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
