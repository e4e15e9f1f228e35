#!/bin/bash
# PostgreSQL 15 for tests: a cluster of our own, loopback only, anyone on this machine may log in.
#
#   postgres.sh [--dir DIR] up | down | status | env | createdb NAME | dropdb NAME | psql ARGUMENT... | destroy
#
# POSTERN_PG_PORT (54329) is where it listens. `env` prints shell exports; `destroy` also deletes the data.
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${POSTERN_PG_PORT:-54329}
STATE=$STATE_ROOT/postgres
PIDFILE=$STATE/postgres.pid
DATA=$STATE/data
BIN=/usr/lib/postgresql/15/bin
DATABASE=postern

as_postgres() { setpriv --reuid postgres --regid postgres --init-groups env -C / LC_ALL=C "$@"; }
sql() { PGCONNECT_TIMEOUT=5 "$BIN/psql" -XqAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PORT" -U postgres "$@"; }

init() {
  [ -e "$DATA/PG_VERSION" ] && return
  rm -rf "$DATA"
  install -d -o postgres -g postgres -m 700 "$DATA"
  as_postgres test -w "$DATA" || die "the user postgres cannot reach $DATA: name another folder with --dir"
  as_postgres "$BIN/initdb" -D "$DATA" -U postgres -E UTF8 --locale=C.UTF-8 --auth=trust >"$STATE/initdb.log"
  # Durable as in production: the tests that kill a broker rely on what was committed.
  cat >>"$DATA/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = on
logging_collector = off
CONF
  printf 'host all all 127.0.0.1/32 trust\n' >"$DATA/pg_hba.conf"
}

# After a crash the number in this file may be another program's by now, and PostgreSQL would refuse to start.
forget_dead_postmaster() {
  local pid
  pid=$(head -n 1 "$DATA/postmaster.pid" 2>/dev/null) || return 0
  if grep -qs '^postgres$' "/proc/$pid/comm" && start_time "$pid" >/dev/null; then return; fi
  rm -f "$DATA/postmaster.pid"
}

start() {
  port_is_free "$PORT" || die "port $PORT is taken by a server that is not ours"
  forget_dead_postmaster
  spawn "$PIDFILE" "$STATE/postgres.log" setpriv --reuid postgres --regid postgres --init-groups \
    env -C / "$BIN/postgres" -D "$DATA" -p "$PORT"
  wait_ready 60 "$PIDFILE" sql -c 'select 1' || die "ended, or not ready after 60 s; see $STATE/postgres.log"
}

create_database() {
  [[ $1 =~ ^[a-z_][a-z0-9_]{0,62}$ ]] || die "not a plain database name: $1"
  [ "$(sql -c "select 1 from pg_database where datname = '$1'")" = 1 ] || sql -c "create database \"$1\""
}

drop_database() {
  [[ $1 =~ ^[a-z_][a-z0-9_]{0,62}$ ]] || die "not a plain database name: $1"
  sql -c 'set client_min_messages = warning' -c "drop database if exists \"$1\" with (force)"
}

up() {
  lock "$STATE"
  if ! is_running "$PIDFILE"; then
    install_packages postgresql-15 postgresql-client-15
    init
    start
  fi
  create_database "$DATABASE"
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$PIDFILE")"
}

# SIGINT is PostgreSQL's fast shutdown: it ends the sessions and writes everything out.
down() { lock "$STATE"; stop_pid "$PIDFILE" INT; say down; }

status() {
  is_running "$PIDFILE" || { say down; return 3; }
  sql -c 'select 1' >/dev/null || { say "pid $(running_pid "$PIDFILE") runs but does not answer"; return 4; }
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$PIDFILE")"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  status) status ;;
  env) printf 'export POSTERN_TEST_PG=postgres://postgres@127.0.0.1:%s/%s\n' "$PORT" "$DATABASE" ;;
  createdb) create_database "${2:?createdb needs a name}" ;;
  dropdb) drop_database "${2:?dropdb needs a name}" ;;
  psql) shift; sql "$@" ;;
  destroy) down; rm -rf "$STATE" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
