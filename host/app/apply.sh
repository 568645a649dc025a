#!/bin/sh
# shellcheck disable=SC1091,SC2034,SC2154 # its parts lie beside it on the server
# Brings one release into service: packages, runtime, unpacked artefact, migration, then the change of sides. Or, with `kept`, one
# that the server has kept.
set -eu
. ./lib.sh
. ./settings.sh
. ./sides.sh
. ./gate.sh
. ./lock.sh
. ./install.sh
. ./kept.sh
. ./tasks.sh
. ./change.sh

# watched: what it brings into service is new to the server, and has to stand the comparison with what was there before.
watched() { [ "$as_kept" != yes ] && [ "$before" != "$release" ] && [ "$watch_seconds" -gt 0 ] && [ -f watch.sh ]; }

parts=$PWD
audit_what="app $release"
lay_out
hold "$(who)" "deploying release $release"
[ -f "$root/shared/.env" ] || fail "$root/shared/.env is missing: apply the bundle env first"
install_tools
adopt
live=$(live_side)
as_kept=$kept
if [ "$as_kept" = yes ]; then
  take_kept "$release"
  in_service=$(release_of "$live")
  # Going back switches here first. Where something else is in service, it came later than the line in the stack's file.
  [ -z "$in_service" ] || [ "$in_service" = "$release" ] ||
    fail "app.release holds release $release, and $in_service came into service after it. To go back: queuehost rollback --to $release. To keep $in_service: take app.release out of the stack's file. $(untouched)"
else
  [ "$(release_of "$live")" = "$release" ] || assert_welcome "$release"
  # shellcheck disable=SC2086 # one word a package
  apt_key=app.packages && need_packages $packages
  install_runtime
  unpack
  link_folders
fi

if [ "$(release_of "$live")" = "$release" ] && same_parts "$release" && serving "$live" "$release"; then
  keep_release "$release" "$(who)"
  cp "$parts/settings.sh" "$root/sides/$live/settings.sh"
  stage_tasks
  tidy "$live"
  log "release $release is already in service"
  exit 0
fi
before=$(release_of "$live")
if [ "$before" != "$release" ] && [ "$as_kept" != yes ]; then migrate; fi
if watched && [ -n "$before" ]; then (cd /opt/queuehost/app && exec sh ./watch.sh before >/dev/null 2>&1 9>&-) & fi
change "$release" "$(who)"
# Its workers have taken jobs while it was tried.
if [ -n "$shut" ] && watched; then (cd /opt/queuehost/app && exec sh ./watch.sh hold "$release" "$began" >/dev/null 2>&1 9>&-) || :; fi
[ -z "$shut" ] || fail "release $release: $shut; $(untouched). Its last lines:
${words:-  (none)}"
stage_tasks
rm -f "$root/in-service"
prune
log "release $release is in service"
if watched; then
  (cd /opt/queuehost/app && exec sh ./watch.sh begin "$release" "$before" 9>&-) || log 'the watch could not begin'
fi
