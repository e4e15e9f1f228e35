# shellcheck shell=bash
# What every service script shares. Sourced, never run.
#
#   <service>.sh [--dir DIR] COMMAND [ARGUMENT...]
#
# DIR keeps the state; without it POSTERN_SERVICES_DIR, else var/services in this clone.
set -euo pipefail

SERVICES_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CLONE=$(cd "$SERVICES_SOURCE/../.." && pwd)
STATE_ROOT=${POSTERN_SERVICES_DIR:-$CLONE/var/services}
if [ "${1:-}" = --dir ]; then
  STATE_ROOT=${2:?--dir needs a folder}
  shift 2
fi
mkdir -p "$STATE_ROOT"
STATE_ROOT=$(cd "$STATE_ROOT" && pwd)
# A script that needs another service calls its script, and means the same folder.
export POSTERN_SERVICES_DIR=$STATE_ROOT

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }
die() { say "$*"; exit 1; }

# One `up` or `down` of a service at a time; a second caller waits and then finds the work done. Descriptor 9 must not
# leak into the servers, or they would hold the lock as long as they live.
lock() {
  mkdir -p "$1"
  exec 9>"$1/lock"
  flock -w "${POSTERN_SERVICES_WAIT:-900}" 9 || die "another call has held $1/lock for too long"
}

installed() {
  local state
  state=$(dpkg-query -W -f '${db:Status-Abbrev}\n' "$@" 2>/dev/null) || return 1
  ! grep -qv '^ii' <<<"$state"
}

# Packages start their services when installed, unless policy-rc.d forbids it: ours run from the state folder only.
install_packages() {
  installed "$@" && return
  [ "$(id -u)" = 0 ] || die "not root, and these packages are missing: $*"
  (
    # Outside the state folder: there is one package database, however many folders use these scripts.
    exec 8>/run/lock/postern-apt.lock
    flock 8
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
      made=1
      trap 'rm -f "$policy"' EXIT
    elif "$policy" >/dev/null 2>&1; then
      die "$policy lets services start; it should exit 101 while packages are installed"
    fi
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    apt_install "$@" || { apt-get -qq -o DPkg::Lock::Timeout=300 update && apt_install "$@"; } ||
      die "apt-get could not install: $*"
    [ -z "$made" ] || rm -f "$policy"
  )
}

# The simulation fails when the package lists are missing or stale by name; a download that fails is stale by version.
# Either way the caller updates the lists and tries once more.
apt_install() {
  local options=(-qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  apt-get -s "${options[@]}" install "$@" >/dev/null 2>&1 || return 1
  apt-get "${options[@]}" install "$@" >/dev/null 8>&- 9>&-
}

# When the process began, in clock ticks since boot: a pid alone may by now be somebody else's. A zombie, dead but not
# yet waited for by whatever runs as init here, counts as gone.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  [ "${stat%% *}" != Z ] && cut -d ' ' -f 20 <<<"$stat"
}

# The pid file: the pid, then the start time.
remember_pid() { printf '%s\n%s\n' "$2" "$(start_time "$2")" >"$1"; }

running_pid() {
  local pid began
  [ -s "$1" ] || return 1
  { read -r pid && read -r began; } <"$1" || return 1
  [ "$(start_time "$pid")" = "$began" ] && printf '%s\n' "$pid"
}

is_running() { running_pid "$1" >/dev/null; }

# spawn PIDFILE LOGFILE COMMAND...: a session of its own, so that it outlives this script and its terminal.
spawn() {
  local pidfile=$1 log=$2
  shift 2
  setsid "$@" >>"$log" 2>&1 </dev/null 9>&- &
  remember_pid "$pidfile" $!
}

# stop_pid PIDFILE [SIGNAL]: the process of the file and nothing else; SIGKILL after 20 seconds.
stop_pid() {
  local pidfile=$1 signal=${2:-TERM} pid
  if pid=$(running_pid "$pidfile"); then
    kill -s "$signal" "$pid"
    wait_for 20 not is_running "$pidfile" || kill -s KILL "$pid" || true
  fi
  rm -f "$pidfile"
}

not() { ! "$@"; }

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it does not.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

# wait_ready SECONDS PIDFILE COMMAND...: as wait_for, but a server that has ended is not waited for.
wait_ready() {
  local seconds=$1
  shift
  wait_for "$seconds" ready_or_ended "$@" && is_running "$1"
}

ready_or_ended() {
  local pidfile=$1
  shift
  "$@" || ! is_running "$pidfile"
}

# A server that is not ours on our port would be mistaken for ours.
port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
