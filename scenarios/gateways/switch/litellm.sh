#!/bin/sh
# LiteLLM with litellm.yaml beside this script, started again whenever it ends: what systemd or a container platform does for it.
#
#   litellm.sh PORT           starts it; a drill does, with PRIMARY, PRIMARY_KEY, STANDBY and STANDBY_KEY in its environment
#   litellm.sh restart URL    ends the one that answers at URL, and waits until the next one answers
set -u
here=$(dirname "$0")
case $1 in restart) port=$(echo "$2" | sed 's|.*:||; s|/.*||') ;; *) port=$1 ;; esac
pid=${TMPDIR:-/tmp}/lifeboat-litellm-$port.pid
if [ "$1" = restart ]; then
  old=$(cat "$pid")
  kill "$old"
  while [ "$(cat "$pid")" = "$old" ]; do sleep 0.1; done
  exit 0
fi
child=
trap 'kill "$child" 2>/dev/null; rm -f "$pid"; exit 0' TERM INT
while :; do
  litellm --config "$here/litellm.yaml" --host 127.0.0.1 --port "$port" &
  child=$!
  echo "$child" > "$pid"
  wait "$child"
  sleep 0.2
done
