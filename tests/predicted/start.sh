#!/bin/sh
# A gateway by its configuration, with what only the drill knows filled in. nginx starts as HAProxy does.
set -eu
kind=$1 file=$2 port=$3
host() { echo "$1" | sed 's|^http://||; s|/.*||'; }
sed -e "s|@PORT@|$port|g; s|@FOLDER@|$FOLDER|g; s|@FIRST@|$(host "$FIRST")|g; s|@SECOND@|$(host "$SECOND")|g" \
  -e "s|@FIRST_KEY@|$FIRST_KEY|g; s|@SECOND_KEY@|$SECOND_KEY|g" "$file" > "$FOLDER/filled"
PATH="$PATH:/usr/sbin"
case $kind in
  nginx) exec nginx -e stderr -p "$FOLDER" -c "$FOLDER/filled" -g 'daemon off;' ;;
  haproxy) exec haproxy -db -f "$FOLDER/filled" ;;
esac
