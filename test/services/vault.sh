#!/bin/bash
# Vault 1.14 for tests: a server with KV version 2 at secret/, version 1 at kv1/, AppRole and certificate logins, and
# TLS by an authority of its own, loopback only. Built from vault/ when it is not there yet (Go, a minute or two).
#
#   vault.sh [--dir DIR] build | up | down | status | env | seal | unseal | destroy
#
# POSTERN_VAULT_PORT (8200) is where it listens. `env` prints shell exports; `destroy` also deletes keys and secrets.
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/services/certificates.sh
. "$SERVICES_SOURCE/certificates.sh"

PORT=${POSTERN_VAULT_PORT:-8200}
STATE=$STATE_ROOT/vault
PIDFILE=$STATE/vault.pid
SOURCE=$SERVICES_SOURCE/vault
# Apart from the state, so that `destroy` costs no build.
SERVER=$STATE_ROOT/vault-server/vault-server
TLS=$STATE/tls

seed() { python3 "$SOURCE/seed.py" "$STATE" "$SERVER" "https://localhost:$PORT" "$@"; }

# The sources' digest lies beside the binary: a change of versions builds anew, a change of nothing does not.
build() {
  local digest
  digest=$(cd "$SOURCE" && find . -name '*.go' -o -name 'go.*' | LC_ALL=C sort | xargs sha256sum | sha256sum)
  if [ -x "$SERVER" ] && [ "$(cat "$SERVER.sources" 2>/dev/null)" = "$digest" ]; then return; fi
  command -v go >/dev/null || die "Go is needed to build the server, and is not in PATH"
  say "building the server"
  mkdir -p "${SERVER%/*}"
  (cd "$SOURCE" && CGO_ENABLED=0 nice go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$SERVER.new" . 9>&-) ||
    die "the server could not be built"
  mv "$SERVER.new" "$SERVER"
  printf '%s\n' "$digest" >"$SERVER.sources"
}

# One certificate for each thing that can be wrong with one; the last of them says that all are there.
make_certificates() {
  openssl x509 -checkend 604800 -noout -in "$TLS/foreign.pem" >/dev/null 2>&1 && return
  make_usual_certificates
}

configure() {
  mkdir -p "$STATE/data"
  cat >"$STATE/vault.hcl" <<CONF
storage "file" {
  path = "$STATE/data"
}
listener "tcp" {
  address = "127.0.0.1:$PORT"
  tls_cert_file = "$TLS/server.pem"
  tls_key_file = "$TLS/server.key"
}
cluster_name = "postern-tests"
disable_mlock = true
CONF
}

start() {
  port_is_free "$PORT" || die "port $PORT is taken by a server that is not ours"
  spawn "$PIDFILE" "$STATE/vault.log" env -u VAULT_TOKEN -u VAULT_ADDR "$SERVER" "$STATE/vault.hcl"
  wait_ready 60 "$PIDFILE" seed answers || die "ended, or not ready after 60 s; see $STATE/vault.log"
}

up() {
  lock "$STATE"
  build
  if ! is_running "$PIDFILE"; then
    install_packages openssl python3
    make_certificates
    configure
    start
  fi
  seed up
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$PIDFILE")"
}

down() { lock "$STATE"; stop_pid "$PIDFILE"; say down; }

status() {
  is_running "$PIDFILE" || { say down; return 3; }
  seed answers || { say "pid $(running_pid "$PIDFILE") runs but does not answer"; return 4; }
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$PIDFILE")"
}

case ${1:-} in
  build) lock "$STATE"; build ;;
  up) up ;;
  down) down ;;
  status) status ;;
  # A file, so that tokens are neither in the environment nor in a process list.
  env) printf 'export POSTERN_TEST_VAULT=%s\n' "$STATE/access.json" ;;
  seal | unseal) lock "$STATE"; seed "$1" ;;
  destroy) down; rm -rf "$STATE" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
