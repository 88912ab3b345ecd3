#!/bin/sh
# Stands in for OpenTofu where a cold standby is tried on one machine: takes its arguments, and starts and ends a server instead of a machine. Booting
# takes a second. What it serves, nginx.sh in `scenarios/gateways/switch` has prepared.
set -eu
PATH="$PATH:/usr/sbin"
folder=$(readlink "${TMPDIR:-/tmp}/lifeboat-cold-standby-$(id -u)")
for word in "$@"; do
  case $word in
    apply)
      sleep 1
      nginx -e stderr -p "$folder" -c "$folder/machine.conf" </dev/null >/dev/null 2>&1
      echo 'Apply complete! Resources: 1 added, 0 changed, 0 destroyed.'
      ;;
    destroy)
      [ ! -f "$folder/machine.pid" ] || kill "$(cat "$folder/machine.pid")"
      echo 'Destroy complete! Resources: 1 destroyed.'
      ;;
  esac
done
