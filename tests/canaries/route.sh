#!/bin/sh
# Gives the second provider this share of the requests, in per cent.
set -eu
case $1 in
  0) echo 'split_clients "$request_id" $chosen { * first; }' ;;
  *) echo "split_clients \"\$request_id\" \$chosen { $1% second; * first; }" ;;
esac > "$FOLDER/share.conf"
PATH="$PATH:/usr/sbin"
nginx -e stderr -p "$FOLDER" -c "$FOLDER/nginx.conf" -s reload
echo "$1" >> "$FOLDER/routed"
