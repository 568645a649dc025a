#!/bin/sh
# shellcheck disable=SC1091,SC2154 # its parts lie beside it on the server
# Brings one release into service: packages, runtime, unpacked artefact, migration, units, `current`, health gate; back to the
# one before when the gate stays shut.
set -eu
. ./lib.sh
. ./settings.sh
. ./gate.sh
. ./install.sh
. ./units.sh

root=/srv/$name

# switch_to RELEASE: `current` and the processes.
switch_to() {
  ln -sfn "releases/$1" "$root/current.new"
  mv -fT "$root/current.new" "$root/current"
  systemctl daemon-reload
  each enable --quiet
  each restart || true # the gate says what is wrong
}

# go_back: what last passed the gate, with the units it had. Where there is nothing of the kind, nothing is left running.
go_back() {
  if [ -n "$before" ] && [ -d "$root/releases/$before" ]; then
    stop_added
    revert
    switch_to "$before"
    gate "$before" || return 1
  else
    each disable --quiet --now || true
    revert
    rm -f "$root/current"
    systemctl daemon-reload
  fi
}

# The .env restarts the same processes: one at a time.
alone "app-$name"
lay_out
[ -f "$root/shared/.env" ] || fail "$root/shared/.env is missing: apply the bundle env first"
# shellcheck disable=SC2034,SC2086 # read by lib.sh; one word a package
apt_key=app.packages && need_packages $packages
install_runtime
install_filter
unpack
link_folders
check_units

# What to go back to is what last passed the gate: an interrupted run may have left `current` on this very release.
now=$(current_release)
before=$(cat "$root/in-service" 2>/dev/null || true)
[ "$before" = "$release" ] || migrate

stage_units
if [ "$restart" = 0 ] && [ "$now" = "$release" ] && serving "$release"; then
  [ "$changed" = 0 ] || systemctl daemon-reload
  settle
  log "release $release is already in service"
  exit 0
fi

started=$(date +%s)
switch_to "$release"
if ! gate "$release"; then
  reason="release $release: $culprit $why"
  words=$(last_words "$culprit" "$started")
  if ! go_back; then
    outcome="and release $before, which was there before, doesn't come up either ($culprit $why)"
  elif [ -n "$before" ]; then
    outcome="release $before is back in service"
  else
    outcome='nothing is running'
  fi
  fail "$reason; $outcome. Its last lines:
${words:-  (none)}"
fi

settle
printf '%s\n' "$release" >"$root/in-service"
prune
log "release $release is in service"
