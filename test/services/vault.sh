#!/bin/bash
# Vault 1.14 for tests: a server with KV version 2 at secret/, version 1 at kv1/, AppRole and certificate logins, and
# TLS by an authority of its own, loopback only. Built from vault/ when it is not there yet (Go, a minute or two).
#
#   vault.sh [--dir DIR] build | up | down | status | env | seal | unseal | destroy
#
# POSTERN_VAULT_PORT (8200) is where it listens. `env` prints shell exports; `destroy` also deletes keys and secrets.
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${POSTERN_VAULT_PORT:-8200}
STATE=$STATE_ROOT/vault
PIDFILE=$STATE/vault.pid
SOURCE=$SERVICES_SOURCE/vault
# Apart from the state, so that `destroy` costs no build.
SERVER=$STATE_ROOT/vault-server/vault-server
TLS=$STATE/tls
DAYS=825

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

make_authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$DAYS" \
    -keyout "$TLS/$1.key" -out "$TLS/$1.pem" -subj "/O=Postern tests/CN=$1" \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
  mkdir -p "$TLS/$1.issued"
  : >"$TLS/$1.issued/index.txt"
  printf 'unique_subject = no\n' >"$TLS/$1.issued/index.txt.attr"
}

# issue AUTHORITY NAME COMMON-NAME EXTENSIONS [FROM UNTIL]: dates as YYYYMMDDHHMMSSZ; without them from now on.
issue() {
  local authority=$1 name=$2 common=$3 extensions=$4 from=${5:-} until=${6:-}
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
    -keyout "$TLS/$name.key" -out "$TLS/$name.csr" -subj "/CN=$common" 2>/dev/null
  printf '[ca]\ndefault_ca=own\n[own]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n' \
    "$TLS/$authority.issued/index.txt" "$TLS/$authority.issued" >"$TLS/issue.cnf"
  printf '[any]\ncommonName=supplied\n[extensions]\nbasicConstraints=CA:FALSE\n%s\n' "$extensions" >>"$TLS/issue.cnf"
  openssl ca -batch -notext -config "$TLS/issue.cnf" -extensions extensions -days "$DAYS" \
    ${from:+-startdate "$from" -enddate "$until"} \
    -cert "$TLS/$authority.pem" -keyfile "$TLS/$authority.key" -in "$TLS/$name.csr" -out "$TLS/$name.pem" 2>/dev/null
  rm -f "$TLS/$name.csr" "$TLS/issue.cnf"
}

# One certificate for each thing that can be wrong with one; the last of them says that all are there.
make_certificates() {
  openssl x509 -checkend 604800 -noout -in "$TLS/foreign.pem" >/dev/null 2>&1 && return
  rm -rf "$TLS"
  install -d -m 700 "$TLS"
  umask 077
  local client='keyUsage=digitalSignature
extendedKeyUsage=clientAuth'
  make_authority ca
  make_authority foreign-ca
  issue ca server localhost 'keyUsage=digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1'
  issue ca client postern "$client"
  issue ca stranger stranger "$client"
  issue ca expired postern "$client" 20240101000000Z 20240201000000Z
  issue foreign-ca foreign postern "$client"
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
