#!/bin/bash
# PyKMIP 0.10 for tests: a KMIP server with a certificate authority of its own, loopback only.
#
#   pykmip.sh [--dir DIR] up | down | status | env | destroy
#
# POSTERN_KMIP_PORT (5696) is where it listens. `env` prints shell exports; `destroy` also deletes keys and objects.
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${POSTERN_KMIP_PORT:-5696}
STATE=$STATE_ROOT/pykmip
PIDFILE=$STATE/pykmip.pid
TLS=$STATE/tls
DAYS=825
# The server calls ssl.wrap_socket, which Python 3.12 no longer has: Debian's own, whatever is first in PATH.
PYTHON=/usr/bin/python3

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

# Everything a client can get wrong, one certificate each: whoever it is, expired, foreign, not meant for clients.
make_certificates() {
  openssl x509 -checkend 604800 -noout -in "$TLS/no-usage.pem" >/dev/null 2>&1 && return
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
  spawn "$PIDFILE" "$STATE/output.log" "$PYTHON" -W ignore /usr/bin/pykmip-server \
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
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
