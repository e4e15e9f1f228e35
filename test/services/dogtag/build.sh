# shellcheck shell=bash
# The chroot of dogtag.sh: Debian 11 with Dogtag 10.10.2, a CA and a KRA. Sourced, never run.

# The servers must not inherit the lock. ns-slapd makes a semaphore in /dev/shm and dies without it.
enter() {
  mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc"
  mkdir -p "$ROOT/dev/shm"
  mountpoint -q "$ROOT/dev/shm" || mount -t tmpfs -o mode=1777,size=64m tmpfs "$ROOT/dev/shm"
  nice -n "${POSTERN_DOGTAG_NICE:-5}" chroot "$ROOT" env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" 9>&-
}

leave() {
  local mount
  for mount in dev/shm proc; do
    if mountpoint -q "$ROOT/$mount"; then umount "$ROOT/$mount" || die "$ROOT/$mount is busy"; fi
  done
}

# quietly LOGNAME COMMAND...
quietly() {
  local log=$STATE/$1.log
  shift
  "$@" >>"$log" 2>&1 || die "failed: $*; see $log"
}

# pkispawn dies unless dnsdomainname succeeds; its AJP connector binds localhost4 and localhost6.
name_host() {
  local host
  host=$(hostname)
  printf '127.0.0.1 localhost localhost4\n127.0.0.1 %s.pki.test %s\n::1 localhost6\n' "$host" "$host" >"$ROOT/etc/hosts"
}

require_possible() {
  [ "$(id -u)" = 0 ] || die "must run as root: it mounts and enters a chroot"
  [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || die "knows Debian on amd64 only"
  install_packages debootstrap openssl curl iproute2
  command -v python3 >/dev/null || install_packages python3
  local probe=$STATE/probe
  mkdir -p "$probe"
  mount -t tmpfs tmpfs "$probe" 2>/dev/null || die "may not mount (CAP_SYS_ADMIN is missing): a chroot needs /proc and /dev/shm"
  umount "$probe"
  rmdir "$probe"
}

# Of bullseye main only: bullseye-security has a Tomcat that this Dogtag was not built for.
install_chroot() {
  say "debootstrap, then some 310 packages, from $MIRROR (2 to 4 minutes)"
  rm -f "$STATE"/{debootstrap,apt,dscreate,ca,kra}.log
  mkdir -p "$ROOT"
  quietly debootstrap nice -n "${POSTERN_DOGTAG_NICE:-5}" debootstrap --variant=minbase bullseye "$ROOT" "$MIRROR"
  printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
  chmod 755 "$ROOT/usr/sbin/policy-rc.d"
  printf 'deb %s bullseye main\n' "$MIRROR" >"$ROOT/etc/apt/sources.list"
  cat >"$ROOT/etc/apt/apt.conf.d/99postern" <<'CONF'
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
Dpkg::Options:: "--force-unsafe-io";
CONF
  name_host
  quietly apt enter apt-get -qq update
  quietly apt enter apt-get -qq -y install "pki-ca=$PKI_VERSION" "pki-kra=$PKI_VERSION" 389-ds-base \
    default-jre-headless libnss3-tools procps iproute2 hostname
  quietly apt enter apt-get clean
}

# Before anything first starts: loopback only, less memory, and a server certificate that names localhost.
prepare() {
  install -m 755 "$PARTS/systemctl" "$ROOT/usr/local/bin/systemctl"
  sed -i '/^nsslapd-port: %ds_port%/a nsslapd-listenhost: 127.0.0.1\nnsslapd-securelistenhost: 127.0.0.1' \
    "$ROOT/usr/share/dirsrv/data/template-dse.ldif"
  sed -i -E 's/(<Connector name="\[PKI_(UN)?SECURE_PORT_CONNECTOR_NAME\]")/\1 address="127.0.0.1"/' \
    "$ROOT/usr/share/pki/server/conf/server.xml"
  sed -i 's/^JAVA_OPTS="-Dcom.redhat.fips=false"/JAVA_OPTS="-Dcom.redhat.fips=false -Xmx512m -XX:+UseSerialGC"/' \
    "$ROOT/usr/share/pki/server/conf/tomcat.conf"
  sed -i 's/^list=.*/list=2,4,5,6,7,9/' "$ROOT/usr/share/pki/ca/conf/rsaServerCert.profile"
  cat "$PARTS/server-names.profile" >>"$ROOT/usr/share/pki/ca/conf/rsaServerCert.profile"
  mkdir -p -m 700 "$ROOT/root/dogtag"
  local part
  for part in ds ca kra; do fill "$PARTS/$part.cfg" >"$ROOT/root/dogtag/$part.cfg"; done
}

fill() {
  local text
  text=$(<"$1")
  text=${text//@common@/$(<"$PARTS/common.cfg")}
  text=${text//@password@/$(<"$STATE/password")}
  text=${text//@ldap@/$LDAP_PORT}
  text=${text//@https@/$PORT}
  text=${text//@http@/$HTTP_PORT}
  text=${text//@ajp@/$AJP_PORT}
  printf '%s\n' "${text//@shutdown@/$SHUTDOWN_PORT}"
}

spawn_subsystems() {
  say "a directory, a CA and a KRA (3 to 5 minutes)"
  quietly dscreate enter dscreate -v from-file /root/dogtag/ds.cfg
  enter systemctl start dirsrv@pki
  quietly ca enter pkispawn -v -f /root/dogtag/ca.cfg -s CA
  quietly kra enter pkispawn -v -f /root/dogtag/kra.cfg -s KRA
  enter systemctl stop pki-tomcatd@pki-tomcat
}

# What was interrupted half way is of no use: neither installer takes up where it stopped.
build() {
  [ -e "$ROOT/.built" ] && return
  require_possible
  ports_are_free
  if [ -e "$ROOT" ]; then
    say "an earlier build did not end: starting anew"
    remove_chroot
  fi
  (umask 077 && openssl rand -hex 16 >"$STATE/password")
  install_chroot
  prepare
  spawn_subsystems
  touch "$ROOT/.built"
}

remove_chroot() {
  [ -e "$ROOT" ] || return 0
  stop_servers
  leave
  rm -rf --one-file-system "$ROOT" "$STATE/pki"
}

stop_servers() {
  [ -x "$ROOT/usr/local/bin/systemctl" ] || return 0
  enter systemctl stop pki-tomcatd@pki-tomcat
  enter systemctl stop dirsrv@pki
}
