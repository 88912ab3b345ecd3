#!/bin/sh
# A standby by infrastructure code: OpenTofu, or what TOFU names and takes the same arguments (terraform, or `local.sh` beside this script).
#
#   tofu.sh apply FOLDER              makes what the configuration in FOLDER says
#   tofu.sh destroy FOLDER PRICE      takes it down, and tells how long it stood and what that cost at PRICE dollars an hour
set -eu
tofu=${TOFU:-tofu}
since=$2/.standing-since
case $1 in
  apply)
    "$tofu" -chdir="$2" init -input=false
    date +%s > "$since"
    "$tofu" -chdir="$2" apply -auto-approve -input=false
    ;;
  destroy)
    "$tofu" -chdir="$2" destroy -auto-approve -input=false
    # A machine costs from when it was asked for, whether or not it came to serve.
    if [ -f "$since" ]; then
      awk -v from="$(cat "$since")" -v now="$(date +%s)" -v price="$3" \
        'BEGIN { printf "the standby stood for %d s; at %s USD an hour that cost %.4f USD\n", now - from, price, (now - from) / 3600 * price }'
      rm -f "$since"
    fi
    ;;
esac
