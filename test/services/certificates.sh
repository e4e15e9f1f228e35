# shellcheck shell=bash
# Certificates for servers and their clients, by authorities of our own. Sourced, never run; TLS names the folder.

DAYS=825

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

# A server on loopback, a client, and one certificate for each thing that can be wrong with a client's: whoever it is,
# expired, foreign.
make_usual_certificates() {
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
