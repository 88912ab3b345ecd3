#!/bin/sh
# Ends the program that supervise.sh has started, politely, and waits until the next one has taken its place.
#
#   restart.sh PID_FILE
set -eu
old=$(cat "$1")
kill "$old"
while [ "$(cat "$1")" = "$old" ]; do
  sleep 0.1
done
