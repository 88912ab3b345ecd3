#!/bin/sh
# HAProxy before two providers, of whom one answers: the one that ACTIVE in haproxy.env beside this script says. It never changes over by itself.
#
#   haproxy.sh PORT          starts it; a drill does, with PRIMARY, PRIMARY_KEY, STANDBY and STANDBY_KEY in its environment
#   haproxy.sh reload URL    lets the one that answers at URL read ACTIVE again
set -eu
PATH="$PATH:/usr/sbin"
here=$(dirname "$0")
case $1 in reload) port=$(echo "$2" | sed 's|.*:||; s|/.*||') ;; *) port=$1 ;; esac
folder=${TMPDIR:-/tmp}/lifeboat-haproxy-$port

active() {
  echo "all $(sed -n 's/^ACTIVE=//p' "$here/haproxy.env")" > "$folder/active.map"
}

if [ "$1" = reload ]; then
  active
  # The master starts a worker with the new file; the old one ends with its last request.
  exec kill -USR2 "$(cat "$folder/pid")"
fi

# It holds keys: nobody else may look into it, and it goes when HAProxy does.
rm -rf "$folder"
mkdir -m 700 "$folder"
provider() { # NAME URL KEY
  cat <<CONF
backend $1
  http-request set-header authorization "Bearer $3"
  server provider $(echo "$2" | sed 's|^http://||; s|/.*||')
CONF
}
active
cat > "$folder/haproxy.cfg" <<CONF
global
  maxconn 2000
  nbthread 1
defaults
  mode http
  retries 0
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend users
  bind 127.0.0.1:$port
  http-request return status 200 if { path /ready }
  use_backend %[str(all),map($folder/active.map)]
$(provider primary "$PRIMARY" "$PRIMARY_KEY")
$(provider standby "$STANDBY" "$STANDBY_KEY")
CONF
haproxy -W -db -f "$folder/haproxy.cfg" &
child=$!
echo "$child" > "$folder/pid"
trap 'kill "$child" 2>/dev/null || true; wait "$child" || true; rm -rf "$folder"; exit 0' TERM INT
wait "$child" || true
rm -rf "$folder"
