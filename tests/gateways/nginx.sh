#!/bin/sh
# nginx before two providers: the second is asked where the first has failed, and takes everything once that has failed three times. It
# knows no way to ask the second about a 401.
set -eu
port=$1
cat > "$FOLDER/nginx.conf" <<CONF
user root;
worker_processes 1;
pid $FOLDER/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  client_body_temp_path $FOLDER/body; proxy_temp_path $FOLDER/proxy; fastcgi_temp_path $FOLDER/fastcgi;
  uwsgi_temp_path $FOLDER/uwsgi; scgi_temp_path $FOLDER/scgi;
  access_log off;
  proxy_http_version 1.1;
  proxy_set_header connection '';
  proxy_buffering off;
  upstream providers {
    server unix:$FOLDER/first.sock max_fails=3 fail_timeout=20s;
    server unix:$FOLDER/second.sock backup;
  }
  server {
    listen 127.0.0.1:$port;
    location = /ready { return 200; }
    location / {
      proxy_pass http://providers;
      proxy_read_timeout 700ms;
      proxy_next_upstream error timeout http_429 http_502 http_503 non_idempotent;
    }
  }
  server {
    listen unix:$FOLDER/first.sock;
    location /v1 { proxy_pass $FIRST; proxy_set_header authorization "Bearer $FIRST_KEY"; }
  }
  server {
    listen unix:$FOLDER/second.sock;
    location /v1 { proxy_pass $SECOND; proxy_set_header authorization "Bearer $SECOND_KEY"; }
  }
}
CONF
echo "$port" > "$FOLDER/port.part"
mv "$FOLDER/port.part" "$FOLDER/port"
PATH="$PATH:/usr/sbin"
exec nginx -e stderr -p "$FOLDER" -c "$FOLDER/nginx.conf" -g 'daemon off;'
