#!/bin/sh
# nginx as a gateway before two providers: the second serves where the first has failed five times within two seconds. Its log tells who
# served, by the sockets of its two halves. Started by a drill, with the proxies' addresses and the providers' keys in its environment.
set -eu
port=$1
cat > "$FOLDER/nginx.conf" <<CONF
user root;
worker_processes 1;
pid $FOLDER/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  client_body_temp_path $FOLDER/body; proxy_temp_path $FOLDER/proxy; fastcgi_temp_path $FOLDER/fastcgi;
  uwsgi_temp_path $FOLDER/uwsgi; scgi_temp_path $FOLDER/scgi;
  log_format fine '\$msec \$request_time \$status "\$upstream_addr" "\$upstream_header_time" "\$upstream_response_time"';
  access_log off;
  proxy_http_version 1.1;
  proxy_buffering off;
  upstream providers {
    server unix:$FOLDER/first.sock max_fails=5 fail_timeout=2s;
    server unix:$FOLDER/second.sock backup;
  }
  server {
    listen 127.0.0.1:$port;
    location = /ready { return 200; }
    location / {
      access_log $FOLDER/access.log fine;
      proxy_pass http://providers;
      proxy_read_timeout 600ms;
      proxy_next_upstream error timeout http_502 http_503 non_idempotent;
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
