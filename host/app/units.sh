# shellcheck shell=sh disable=SC2034,SC2154 # variables of apply.sh and settings.sh
# The application's units: checked before anything is swapped, those that are no longer asked for retired, the migration run.

# check_units: systemd takes all those that are new to it.
check_units() {
  set --
  for file in units/*.service; do
    [ ! -f "$file" ] || cmp -s "$file" "$units/${file##*/}" || set -- "$@" "./$file"
  done
  [ $# = 0 ] || problems=$(systemd-analyze verify --recursive-errors=no "$@" 2>&1) || fail "systemd refuses a unit: $problems"
}

# migrate: the new release's migration, in its own folder, while the old release serves. What passed it once isn't asked again:
# going back to an older release must not run its older migrations.
migrate() {
  unit=$name-migrate.service mark=$root/releases/$release/.queuehost-migrated
  if [ ! -f "units/$unit" ] || [ -e "$mark" ]; then return 0; fi
  put "units/$unit" "$units/$unit" 0644
  systemctl daemon-reload
  log "migrating to release $release"
  begun=$(date +%s)
  if ! systemctl start "$unit" 2>/dev/null; then
    why="$unit failed ($(systemctl show -P Result "$unit"), exit code $(systemctl show -P ExecMainStatus "$unit"))"
    systemctl reset-failed "$unit" 2>/dev/null || true
    words=$(last_words "$unit" "$begun")
    revert
    systemctl daemon-reload
    fail "release $release: $why; $(untouched). Its last lines:
${words:-  (none)}"
  fi
  : >"$mark"
}

untouched() {
  if [ -n "$before" ]; then printf 'release %s is still in service' "$before"; else printf 'nothing is running'; fi
}

# stage_units: all unit files in place. Sets `restart` to 1 when a process is concerned, and not a task alone. Processes that are
# no longer asked for finish what they run, and are gone.
stage_units() {
  restart=0
  for file in units/*.service; do
    [ -f "$file" ] || continue
    staged=$changed changed=0
    put "$file" "$units/${file##*/}" 0644
    is_task "$file" || [ "$changed" = 0 ] || restart=1
    [ "$staged" = 0 ] || changed=1
  done
  for unit in $(installed); do
    [ ! -f "units/$unit" ] || continue
    # While their files are there: without them systemd would forget how they are to be stopped.
    [ ! -e "$units/$unit" ] || systemctl disable --quiet --now "$unit" 2>/dev/null || true
    take_away "$units/$unit"
    changed=1
    is_task "$unit" || restart=1
  done
}

is_task() { case ${1##*/} in "$name-migrate.service" | "$name-smoke-test.service") ;; *) return 1 ;; esac }

# stop_added: processes that the release brought with it.
stop_added() {
  for unit in $(processes); do
    [ ! -e "$units/$unit.queuehost-absent" ] || systemctl disable --quiet --now "$unit" 2>/dev/null || true
  done
}

# installed: the application's units that are there, or that a killed run has taken away without an end.
installed() {
  for file in "$units/$name"-backend.service* "$units/$name"-worker.service* "$units/$name"-worker-*.service* \
    "$units/$name"-migrate.service* "$units/$name"-smoke-test.service*; do
    if [ -f "$file" ]; then printf '%s.service\n' "$(basename "${file%%.service*}")"; fi
  done | sort -u
}
