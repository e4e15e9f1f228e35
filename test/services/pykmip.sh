#!/bin/bash
# PyKMIP 0.10 for tests: a KMIP server with a certificate authority of its own, loopback only.
#
#   pykmip.sh [--dir DIR] up | down | status | env | destroy
#
# POSTERN_KMIP_PORT (5696) is where it listens. With POSTERN_KMIP_MANY=1 it is fit for thousands of objects: see
# pykmip-server.py. `env` prints shell exports; `destroy` also deletes keys and objects.
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/services/certificates.sh
. "$SERVICES_SOURCE/certificates.sh"

PORT=${POSTERN_KMIP_PORT:-5696}
STATE=$STATE_ROOT/pykmip
PIDFILE=$STATE/pykmip.pid
TLS=$STATE/tls
# The server calls ssl.wrap_socket, which Python 3.12 no longer has: Debian's own, whatever is first in PATH.
PYTHON=/usr/bin/python3
SERVER=/usr/bin/pykmip-server
[ -z "${POSTERN_KMIP_MANY:-}" ] || SERVER=$SERVICES_SOURCE/pykmip-server.py

# Everything a client can get wrong, one certificate each: whoever it is, expired, foreign, not meant for clients.
make_certificates() {
  openssl x509 -checkend 604800 -noout -in "$TLS/no-usage.pem" >/dev/null 2>&1 && return
  make_usual_certificates
  issue ca no-usage postern 'keyUsage=digitalSignature'
}

configure() {
  mkdir -p "$STATE/policies"
  cat >"$STATE/server.conf" <<CONF
[server]
hostname=127.0.0.1
port=$PORT
certificate_path=$TLS/server.pem
key_path=$TLS/server.key
ca_path=$TLS/ca.pem
auth_suite=TLS1.2
policy_path=$STATE/policies
enable_tls_client_auth=True
logging_level=WARNING
database_path=$STATE/objects.sqlite
CONF
}

answers() {
  openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 -CAfile "$TLS/ca.pem" -verify_return_error \
    -cert "$TLS/client.pem" -key "$TLS/client.key" </dev/null >/dev/null 2>&1
}

start() {
  port_is_free "$PORT" || die "port $PORT is taken by a server that is not ours"
  spawn "$PIDFILE" "$STATE/output.log" "$PYTHON" -W ignore "$SERVER" \
    -f "$STATE/server.conf" -l "$STATE/server.log"
  wait_ready 30 "$PIDFILE" answers || die "ended, or not ready after 30 s; see $STATE/output.log and server.log"
}

up() {
  lock "$STATE"
  if ! is_running "$PIDFILE"; then
    install_packages python3-pykmip openssl
    [[ $(dpkg-query -W -f '${Version}' python3-pykmip) == 0.10.* ]] || die 'this is for PyKMIP 0.10'
    make_certificates
    configure
    start
  fi
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$PIDFILE")"
}

# Its own end waits ten seconds for every open connection. Objects are SQLite transactions, so killing loses nothing;
# the group, because it has two children that would outlive it.
down() {
  lock "$STATE"
  local pid
  if pid=$(running_pid "$PIDFILE"); then
    kill -s KILL -- "-$pid"
    wait_for 20 not is_running "$PIDFILE"
  fi
  rm -f "$PIDFILE"
  say down
}

status() {
  is_running "$PIDFILE" || { say down; return 3; }
  answers || { say "pid $(running_pid "$PIDFILE") runs but does not answer"; return 4; }
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$PIDFILE")"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  status) status ;;
  env)
    printf 'export POSTERN_TEST_KMIP=127.0.0.1:%s\n' "$PORT"
    printf 'export POSTERN_TEST_KMIP_TLS=%q\n' "$TLS"
    ;;
  destroy) down; rm -rf "$STATE" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
