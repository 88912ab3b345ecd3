#!/bin/sh
# nginx with the addresses and keys of one drill in the place of names. Several run at once, each in a folder of its own.
set -eu
port=$1
folder="$BASE/$port"
mkdir -p "$folder"
sed -e "s|FOLDER|$folder|g; s|PORT|$port|; s|FIRST_URL|$FIRST|; s|SECOND_URL|$SECOND|; s|FIRST_KEY|$FIRST_KEY|; s|SECOND_KEY|$SECOND_KEY|" \
    gateway/nginx.conf > "$folder/nginx.conf"
PATH="$PATH:/usr/sbin"
exec nginx -e stderr -p "$folder" -c "$folder/nginx.conf" -g 'daemon off;'
