#!/bin/sh
# HAProxy before two providers: three errors in the traffic mark the first down, and the second takes its place. A 401 or a 429 is no error
# to its observation.
set -eu
port=$1
host() { echo "$1" | sed 's|^http://||; s|/.*||'; }
cat > "$FOLDER/haproxy.cfg" <<CONF
global
  maxconn 2000
  nbthread 1
defaults
  mode http
  timeout connect 700ms
  timeout client 30s
  timeout server 30s
frontend users
  bind 127.0.0.1:$port
  http-request return status 200 if { path /ready }
  default_backend providers
backend providers
  timeout server 700ms
  retries 1
  option redispatch 1
  default-server check inter 5s rise 4 observe layer7 error-limit 3 on-error mark-down
  server first unix@$FOLDER/first.sock
  server second unix@$FOLDER/second.sock backup
listen first
  bind unix@$FOLDER/first.sock
  http-request set-header authorization "Bearer $FIRST_KEY"
  server provider $(host "$FIRST")
listen second
  bind unix@$FOLDER/second.sock
  http-request set-header authorization "Bearer $SECOND_KEY"
  server provider $(host "$SECOND")
CONF
echo "$port" > "$FOLDER/port.part"
mv "$FOLDER/port.part" "$FOLDER/port"
PATH="$PATH:/usr/sbin"
exec haproxy -db -f "$FOLDER/haproxy.cfg"
