#!/bin/sh
# nginx before two providers, of whom one answers: the one that ACTIVE in nginx.env beside this script says. It never changes over by itself.
#
#   nginx.sh PORT          starts it; a drill does, with PRIMARY, PRIMARY_KEY, STANDBY and STANDBY_KEY in its environment
#   nginx.sh reload URL    lets the one that answers at URL read ACTIVE again
#   nginx.sh share URL 5   the same, with five per cent of the requests for the standby
#
# With COLD=standby the standby is a machine that does not stand yet: `runbooks/cold-standby/local.sh` starts and ends it.
# With MIRROR=standby everything that the primary is asked is asked of the standby too, and its answer is thrown away.
set -eu
PATH="$PATH:/usr/sbin"
here=$(dirname "$0")
case $1 in reload | share) port=$(echo "$2" | sed 's|.*:||; s|/.*||') ;; *) port=$1 ;; esac
folder=${TMPDIR:-/tmp}/lifeboat-nginx-$port
link=${TMPDIR:-/tmp}/lifeboat-cold-standby-$(id -u)

active() {
  share=
  [ "${1:-0}" = 0 ] || share="$1% standby; "
  echo "split_clients \"\$request_id\" \$active { $share* $(sed -n 's/^ACTIVE=//p' "$here/nginx.env"); }" > "$folder/active.conf"
}

if [ "$1" != "$port" ]; then
  active "${3:-0}"
  exec nginx -e stderr -p "$folder" -c "$folder/nginx.conf" -s reload
fi

# It holds keys: nobody else may look into it, and it goes when nginx does.
rm -rf "$folder"
mkdir -m 700 "$folder"
provider() { # NAME URL KEY
  cat <<CONF
  server {
    listen unix:$folder/$1.sock;
    location /v1 { proxy_pass $2; proxy_set_header authorization "Bearer $3"; }
  }
CONF
}
machine=
if [ "${COLD:-}" = standby ]; then
  # What answers there once it stands is an nginx of its own, which passes on to the provider.
  machine="location = /v1/standby-ready { proxy_pass http://unix:$folder/machine.sock:/ready; }"
  cat > "$folder/machine.conf" <<CONF
$([ "$(id -u)" = 0 ] && echo 'user root;')
pid $folder/machine.pid;
error_log stderr error;
events {}
http {
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  access_log off;
  proxy_http_version 1.1;
  proxy_buffering off;
  server {
    listen unix:$folder/machine.sock;
    location = /ready { return 200; }
    location /v1 { proxy_pass $STANDBY; }
  }
}
CONF
  STANDBY=http://unix:$folder/machine.sock
  ln -sfn "$folder" "$link"
fi
mirrored=
[ "${MIRROR:-}" = standby ] && mirrored='mirror /mirrored;'
user=
[ "$(id -u)" = 0 ] && user='user root;'
active
cat > "$folder/nginx.conf" <<CONF
$user
worker_processes 1;
pid $folder/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  access_log off;
  proxy_http_version 1.1;
  proxy_buffering off;
  include $folder/active.conf;
  upstream primary { server unix:$folder/primary.sock; }
  upstream standby { server unix:$folder/standby.sock; }
  server {
    listen 127.0.0.1:$port;
    location = /ready { return 200; }
    $machine
    location / { $mirrored proxy_pass http://\$active; }
    location = /mirrored { internal; proxy_pass http://unix:$folder/standby.sock:\$request_uri; }
  }
$(provider primary "$PRIMARY" "$PRIMARY_KEY")
$(provider standby "$STANDBY" "$STANDBY_KEY")
}
CONF
nginx -e stderr -p "$folder" -c "$folder/nginx.conf" -g 'daemon off;' &
child=$!
gone() {
  [ "${COLD:-}" != standby ] || rm -f "$link"
  rm -rf "$folder"
}
trap 'kill "$child" 2>/dev/null || true; wait "$child" || true; gone; exit 0' TERM INT
wait "$child" || true
gone
