#!/bin/bash
# The key manager's real clients, twice: Debian's packages, and newer ones from PyPI in a virtual environment.
#
#   clients.sh [--dir DIR] up | down | status | env | destroy
#
# Nothing runs, so `down` has nothing to stop. `env` prints shell exports; `destroy` removes the virtual environment.
# shellcheck source=test/services/lib.sh
. "$(dirname "$0")/lib.sh"

STATE=$STATE_ROOT/clients
VENV=$STATE/venv
REQUIREMENTS=$SERVICES_SOURCE/clients-requirements.txt
PACKAGES=(python3-openstackclient python3-barbicanclient python3-castellan python3-openstacksdk)

fresh() { cmp -s "$REQUIREMENTS" "$VENV/requirements.txt"; }

# With Debian's own interpreter, whatever other Python this machine has. The copied list marks a finished installation.
install_venv() {
  fresh && return
  rm -rf "$VENV"
  /usr/bin/python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$REQUIREMENTS" >"$STATE/pip.log" 2>&1 ||
    die "pip could not install the clients; see $STATE/pip.log"
  cp "$REQUIREMENTS" "$VENV/requirements.txt"
}

up() {
  lock "$STATE"
  install_packages "${PACKAGES[@]}" python3-venv
  install_venv
  say "Debian's: /usr/bin/openstack; from PyPI: $VENV/bin/openstack"
}

status() {
  installed "${PACKAGES[@]}" || { say "Debian's packages are missing"; return 3; }
  fresh || { say "the virtual environment is missing or older than $REQUIREMENTS"; return 3; }
  say "installed"
}

case ${1:-} in
  up) up ;;
  down) say "nothing runs" ;;
  status) status ;;
  env)
    printf 'export POSTERN_TEST_DEBIAN_CLIENTS=/usr/bin\n'
    printf 'export POSTERN_TEST_PYPI_CLIENTS=%q\n' "$VENV/bin"
    ;;
  destroy) rm -rf "$STATE" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
