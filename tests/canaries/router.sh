#!/bin/sh
# nginx as a router: a share of the requests goes to the second of two providers, the rest to the first. Started by a drill, with the
# proxies' addresses and the providers' keys in its environment; `route.sh` beside it changes the share.
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
  access_log off;
  proxy_http_version 1.1;
  proxy_buffering off;
  upstream first { server unix:$FOLDER/first.sock; }
  upstream second { server unix:$FOLDER/second.sock; }
  include $FOLDER/share.conf;
  server {
    listen 127.0.0.1:$port;
    location = /ready { return 200; }
    location / { proxy_pass http://\$chosen; }
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
echo 'split_clients "$request_id" $chosen { * first; }' > "$FOLDER/share.conf"
PATH="$PATH:/usr/sbin"
exec nginx -e stderr -p "$FOLDER" -c "$FOLDER/nginx.conf" -g 'daemon off;'
