#!/bin/sh
# Starts a program with the variables of a .env file, and starts it again whenever it ends: what systemd or a container platform does for a
# gateway in earnest. A rotation ends the program (its process stands in PID_FILE), and what comes back has read its keys anew.
#
#   supervise.sh ENV_FILE PID_FILE PROGRAM [ARGUMENT…]
#
# Where there is no ENV_FILE yet, one is written with the key that this script finds in its own environment.
set -u
env_file=$1 pid_file=$2
shift 2
umask 077
[ -f "$env_file" ] || printf 'LIFEBOAT_KEY_AZURE_SWEDENCENTRAL=%s\n' "$FIRST_KEY" >"$env_file"
unset FIRST_KEY
child=
trap 'kill "$child" 2>/dev/null; exit 0' TERM INT
while :; do
  # Each line as it stands: nothing in it is run.
  (
    while IFS='=' read -r name value; do
      [ -n "$name" ] && export "$name=$value"
    done <"$env_file"
    exec "$@"
  ) &
  child=$!
  echo "$child" >"$pid_file"
  wait "$child"
  sleep 0.2
done
