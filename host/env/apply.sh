#!/bin/sh
# shellcheck disable=SC1091,SC2154 # its parts lie beside it on the server
# Puts the .env in place and, where it changed, restarts the application with it; back to the old one when it doesn't come up.
set -eu
. ./lib.sh
. ./settings.sh
. ./gate.sh

root=/srv/$name

# A release restarts the same processes: one at a time.
alone "app-$name"
lay_out
changed=0
put env "$root/shared/.env" 0640 root:app

release=$(current_release)
if [ -z "$release" ]; then
  settle
  log ".env is in place; there is no release yet"
  exit 0
fi
if [ "$changed" = 0 ] && serving "$release"; then
  log ".env is in service already"
  exit 0
fi

started=$(date +%s)
each restart || true # the gate says what is wrong
if ! gate "$release"; then
  reason=".env: with it $culprit $why"
  words=$(last_words "$culprit" "$started")
  outcome='there was no other one to go back to'
  if [ "$changed" = 1 ]; then
    revert
    each restart || true
    if gate "$release"; then outcome='the old one is back'; else outcome="and with the old one $culprit $why"; fi
  fi
  fail "$reason; $outcome. Its last lines:
${words:-  (none)}"
fi
settle
log ".env is in service"
