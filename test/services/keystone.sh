#!/bin/bash
# Keystone 22 for tests, on the PostgreSQL of postgres.sh, with projects, users and credentials to test with.
#
#   keystone.sh [--dir DIR] up | down | status | env | seed | destroy
#
# Two servers share one database and one set of keys: the second issues tokens that expire after a few seconds, which
# the first then knows as expired. `env` prints shell exports; `destroy` also drops the database.
# Settings: POSTERN_KEYSTONE_PORT (5000), POSTERN_KEYSTONE_SHORT_PORT (5001), POSTERN_KEYSTONE_EXPIRATION (36000 s),
# POSTERN_KEYSTONE_SHORT_EXPIRATION (8 s), POSTERN_KEY_MANAGER_URL (http://127.0.0.1:9311, the catalogue's endpoint).
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${POSTERN_KEYSTONE_PORT:-5000}
SHORT_PORT=${POSTERN_KEYSTONE_SHORT_PORT:-5001}
EXPIRATION=${POSTERN_KEYSTONE_EXPIRATION:-36000}
SHORT_EXPIRATION=${POSTERN_KEYSTONE_SHORT_EXPIRATION:-8}
KEY_MANAGER_URL=${POSTERN_KEY_MANAGER_URL:-http://127.0.0.1:9311}
STATE=$STATE_ROOT/keystone
SEED=$STATE/seed.json
ADMIN_PASSWORD=admin-password
DATABASE=keystone
PG_PORT=${POSTERN_PG_PORT:-54329}

postgres() { "$SERVICES_SOURCE/postgres.sh" "$@"; }
as_keystone() { setpriv --reuid keystone --regid keystone --init-groups env -C / "$@"; }
# The interpreter's "Exception ignored in ... getcurrent" at exit is harmless; the log keeps it.
manage() { as_keystone keystone-manage --config-file "$STATE/main/keystone.conf" "$@" >>"$STATE/manage.log" 2>&1; }

# configure NAME EXPIRATION: one folder for each server, as Keystone reads its settings from a folder.
configure() {
  mkdir -p "$STATE/$1"
  cat >"$STATE/$1/keystone.conf" <<CONF
[database]
connection = postgresql+psycopg2://postgres@127.0.0.1:$PG_PORT/$DATABASE
max_pool_size = 5
[identity]
# The cheapest bcrypt: test passwords need no protection, and every login pays for it.
password_hash_rounds = 4
[token]
provider = fernet
expiration = $2
[fernet_tokens]
key_repository = $STATE/keys/fernet
[fernet_receipts]
key_repository = $STATE/keys/fernet
[credential]
key_repository = $STATE/keys/credential
[cache]
# Nothing outlives a request, so that two processes never disagree; within one request it saves Keystone from reading
# the same roles a dozen times (hundreds of statements for one token).
enabled = true
backend = dogpile.cache.null
CONF
}

initialised() { postgres psql -d "$DATABASE" -c "select 1 from project where id = 'default'" 2>/dev/null | grep -q 1; }

init() {
  configure main "$EXPIRATION"
  configure short "$SHORT_EXPIRATION"
  if initialised && [ -e "$STATE/keys/fernet/0" ]; then return; fi
  rm -rf "$STATE/keys"
  install -d -o keystone -g keystone -m 700 "$STATE/keys" "$STATE/keys/fernet" "$STATE/keys/credential"
  as_keystone test -w "$STATE/keys" || die "the user keystone cannot reach $STATE: name another folder with --dir"
  manage fernet_setup --keystone-user keystone --keystone-group keystone || die "see $STATE/manage.log"
  manage credential_setup --keystone-user keystone --keystone-group keystone || die "see $STATE/manage.log"
  manage db_sync || die "see $STATE/manage.log"
  local url=http://127.0.0.1:$PORT/v3
  manage bootstrap --bootstrap-password "$ADMIN_PASSWORD" --bootstrap-region-id RegionOne \
    --bootstrap-admin-url "$url" --bootstrap-public-url "$url" --bootstrap-internal-url "$url" ||
    die "see $STATE/manage.log"
}

# serve NAME PORT PROCESSES. Without the two header options clients see connections reset.
serve() {
  is_running "$STATE/$1.pid" && return
  port_is_free "$2" || die "port $2 is taken by a server that is not ours"
  spawn "$STATE/$1.pid" "$STATE/$1.log" env OS_KEYSTONE_CONFIG_DIR="$STATE/$1" uwsgi --plugin python3 \
    --http-socket "127.0.0.1:$2" --wsgi-file /usr/bin/keystone-wsgi-public --need-app --master --processes "$3" \
    --threads 1 --lazy-apps --rem-header Content-Length --add-header 'Connection: close' --buffer-size 65535 \
    --die-on-term --uid keystone --gid keystone
}

answers() { curl -fsS -m 5 -o /dev/null "http://127.0.0.1:$1/v3"; }

seed() {
  /usr/bin/python3 "$SERVICES_SOURCE/seed-keystone.py" --auth-url "http://127.0.0.1:$PORT" \
    --short-auth-url "http://127.0.0.1:$SHORT_PORT" --short-expiration "$SHORT_EXPIRATION" \
    --admin-password "$ADMIN_PASSWORD" --key-manager-url "$KEY_MANAGER_URL" --out "$SEED"
}

up() {
  lock "$STATE"
  install_packages keystone uwsgi-core uwsgi-plugin-python3 python3-psycopg2 curl
  postgres up 9>&-
  postgres createdb "$DATABASE"
  init
  serve main "$PORT" 2
  serve short "$SHORT_PORT" 1
  wait_ready 60 "$STATE/main.pid" answers "$PORT" || die "ended, or not ready after 60 s; see $STATE/main.log"
  wait_ready 60 "$STATE/short.pid" answers "$SHORT_PORT" || die "ended, or not ready after 60 s; see $STATE/short.log"
  seed
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$STATE/main.pid")"
}

# uwsgi takes a few seconds to end its workers: both at once.
down() {
  lock "$STATE"
  stop_pid "$STATE/short.pid" &
  stop_pid "$STATE/main.pid"
  wait
  say down
}

status() {
  local name
  for name in main short; do
    is_running "$STATE/$name.pid" || { say "$name is down"; return 3; }
  done
  answers "$PORT" || { say "pid $(running_pid "$STATE/main.pid") runs but does not answer"; return 4; }
  say "up on 127.0.0.1:$PORT, pid $(running_pid "$STATE/main.pid")"
}

print_env() {
  printf 'export POSTERN_TEST_KEYSTONE=http://127.0.0.1:%s\n' "$PORT"
  printf 'export POSTERN_TEST_KEYSTONE_SEED=%q\n' "$SEED"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  status) status ;;
  env) print_env ;;
  seed) seed ;;
  destroy) down; postgres dropdb "$DATABASE" || true; rm -rf "$STATE" ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
