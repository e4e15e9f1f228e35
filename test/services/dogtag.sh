#!/bin/bash
# Dogtag 10.10.2 for tests: a certificate authority (CA) and a key recovery authority (KRA), loopback only, in a chroot
# of Debian 11, since later Debians do not carry it. Needs root, a Debian mirror, 1 GB of disk and 1 GB of memory.
#
#   dogtag.sh [--dir DIR] up | down | status | env | enter COMMAND... | destroy
#
# The first `up` builds it (6 to 9 minutes), later ones take half a minute. `env` prints shell exports; `enter` runs a
# command in the chroot (pki, pki-server, certutil); `destroy` also deletes the keys.
# Read when it is built: POSTERN_DOGTAG_PORT (18443), POSTERN_DOGTAG_HTTP_PORT (18080), POSTERN_DOGTAG_AJP_PORT (18009),
# POSTERN_DOGTAG_SHUTDOWN_PORT (18005), POSTERN_DOGTAG_LDAP_PORT (3389), DOGTAG_MIRROR (http://deb.debian.org/debian).
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"

STATE=$STATE_ROOT/dogtag
ROOT=$STATE/chroot
PKI=$STATE/pki
PARTS=$SERVICES_SOURCE/dogtag
MIRROR=${DOGTAG_MIRROR:-http://deb.debian.org/debian}
PKI_VERSION=10.10.2-3
PORT=${POSTERN_DOGTAG_PORT:-18443}
HTTP_PORT=${POSTERN_DOGTAG_HTTP_PORT:-18080}
AJP_PORT=${POSTERN_DOGTAG_AJP_PORT:-18009}
SHUTDOWN_PORT=${POSTERN_DOGTAG_SHUTDOWN_PORT:-18005}
LDAP_PORT=${POSTERN_DOGTAG_LDAP_PORT:-3389}
# Once it is built, its ports are what they were then.
if [ -e "$ROOT/.built" ]; then . "$STATE/ports"; fi
# shellcheck source=test/services/dogtag/build.sh
. "$PARTS/build.sh"

ports_are_free() {
  local port
  for port in "$PORT" "$HTTP_PORT" "$SHUTDOWN_PORT" "$LDAP_PORT"; do
    port_is_free "$port" || die "port $port is taken by a server that is not ours"
  done
  printf 'PORT=%s HTTP_PORT=%s AJP_PORT=%s SHUTDOWN_PORT=%s LDAP_PORT=%s\n' \
    "$PORT" "$HTTP_PORT" "$AJP_PORT" "$SHUTDOWN_PORT" "$LDAP_PORT" >"$STATE/ports"
}

running() { [ -e "$ROOT/.built" ] && enter systemctl is-active "$1"; }
answers() { curl -fsS -o /dev/null --max-time 5 --cacert "$PKI/ca.crt" "$@"; }
ready() {
  answers "https://localhost:$PORT/ca/rest/info" && answers "https://localhost:$PORT/kra/rest/info"
}

start() {
  name_host
  install -m 755 "$PARTS/systemctl" "$ROOT/usr/local/bin/systemctl"
  running dirsrv@pki || running pki-tomcatd@pki-tomcat || ports_are_free
  enter systemctl start dirsrv@pki || die "the directory does not start; see $ROOT/var/log/dirsrv/slapd-pki/errors"
  relax_keys
  enter systemctl start pki-tomcatd@pki-tomcat || die "Tomcat does not start; see $ROOT/var/log/pki"
  publish_authorities
  wait_for 180 ready || die "not ready after 180 s; see $ROOT/var/log/pki"
}

# NSS stretches its password ten thousand times for each number of a private key that it reads: an archival or a retrieval
# takes a tenth of a second of a core, most of its cost. Nobody attacks the password of a test.
relax_keys() {
  [ -e "$ROOT/.relaxed" ] && return
  running pki-tomcatd@pki-tomcat && return
  local aliases=/etc/pki/pki-tomcat/alias password=/root/dogtag/internal
  (umask 077 && sed -n 's/^internal=//p' "$ROOT/etc/pki/pki-tomcat/password.conf" >"$ROOT$password")
  quietly nss enter env NSS_MAX_MP_PBE_ITERATION_COUNT=1 certutil -W -d "$aliases" -f "$password" -@ "$password"
  touch "$ROOT/.relaxed"
}

publish_authorities() {
  mkdir -p -m 700 "$PKI"
  local aliases=/etc/pki/pki-tomcat/alias
  enter certutil -L -d "$aliases" -n ca_signing -a | tr -d '\r' >"$PKI/ca.crt"
  enter certutil -L -d "$aliases" -n kra_transport -a | tr -d '\r' >"$PKI/kra-transport.crt"
}

# The administrator's PKCS#12 is sealed by ciphers that OpenSSL 3 has for old files only.
administrator() {
  local options=(-legacy -in "$ROOT/root/.dogtag/pki-tomcat/ca_admin_cert.p12" -passin "file:$STATE/password")
  openssl pkcs12 "${options[@]}" -nokeys -clcerts | openssl x509 >"$PKI/admin.crt"
  (umask 077 && openssl pkcs12 "${options[@]}" -nocerts -nodes | openssl pkey >"$PKI/admin.key")
}

# A month before they end, certificates are made anew.
credentials() {
  if [ -e "$PKI/complete" ] && openssl x509 -noout -checkend 2592000 -in "$PKI/agent.crt" >/dev/null; then return; fi
  administrator
  quietly credentials python3 "$PARTS/credentials.py" "https://localhost:$PORT" "$PKI"
  touch "$PKI/complete"
}

up() {
  lock "$STATE"
  build
  start
  credentials
  say "up on https://localhost:$PORT, credentials in $PKI"
}

down() {
  lock "$STATE"
  stop_servers
  leave
  say down
}

status() {
  [ -e "$ROOT/.built" ] || { say "not built"; return 3; }
  [ "$(id -u)" = 0 ] || die "must run as root"
  running pki-tomcatd@pki-tomcat || { say down; return 3; }
  running dirsrv@pki || { say "Tomcat runs, the directory does not"; return 4; }
  ready || { say "runs, but the CA or the KRA does not answer; see $ROOT/var/log/pki"; return 4; }
  answers --cert "$PKI/agent.crt" --key "$PKI/agent.key" "https://localhost:$PORT/kra/rest/account/login" ||
    { say "answers, but not to the agent of the tests"; return 4; }
  say "up on https://localhost:$PORT"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  status) status ;;
  env)
    printf 'export POSTERN_TEST_DOGTAG=https://localhost:%s\n' "$PORT"
    printf 'export POSTERN_TEST_DOGTAG_PKI=%q\n' "$PKI"
    ;;
  enter) shift; enter "$@" ;;
  destroy) lock "$STATE"; remove_chroot; rm -rf "$STATE" ;;
  *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
