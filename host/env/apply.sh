#!/bin/sh
# shellcheck disable=SC1091,SC2034,SC2154 # its parts lie beside it on the server
# Puts the .env in place and, where it changed, brings the release that is live up with it on the other side; back to the old one
# when it doesn't come up.
set -eu
. ./lib.sh
. ./settings.sh
. ./sides.sh
. ./lock.sh

tool=/opt/queuehost/app/release
audit_what='env'
lay_out
hold "$(who)" 'changing .env'
undo_with true
changed=0
put env "$root/shared/.env" 0640 root:app

live=$(live_side)
if [ "$changed" = 0 ]; then
  log ".env is in service already"
elif [ -z "$live" ] || [ ! -x "$tool" ]; then
  # The processes that 0.2.0 started go on with the old one until the release that follows.
  log ".env is in place, for the next release"
elif said=$("$tool" restart "$(who)" 'a changed .env' 2>&1); then
  log ".env is in service"
else
  fail ".env: the application doesn't come up with it, and the old one is back: ${said##*queuehost: }"
fi
settle
