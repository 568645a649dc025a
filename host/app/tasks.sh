# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# The application's units that run once: the migration of a new release, and the smoke test. Callers set name, root, parts.

# stage_tasks: those that the release brings, and no others.
stage_tasks() {
  changed=0
  for task in migrate smoke-test; do
    unit=$name-$task.service
    if [ -f "$parts/tasks/$unit" ]; then
      put "$parts/tasks/$unit" "$units/$unit" 0644
    elif [ -f "$units/$unit" ]; then
      rm -f "$units/$unit"
      changed=1
    fi
  done
  settle
  [ "$changed" = 0 ] || systemctl daemon-reload
}

# migrate: the new release's migration, in its own folder, while the old release serves. What passed it once isn't asked again:
# going back to an older release must not run its older migrations.
migrate() {
  unit=$name-migrate.service mark=$root/releases/$release/.queuehost-migrated
  if [ ! -f "tasks/$unit" ] || [ -e "$mark" ]; then return 0; fi
  dump
  put "tasks/$unit" "$units/$unit" 0644
  systemctl daemon-reload
  log "migrating to release $release"
  begun=$(date +%s)
  if ! systemctl start "$unit" 2>/dev/null; then
    why="$unit failed ($(systemctl show -P Result "$unit"), exit code $(systemctl show -P ExecMainStatus "$unit"))"
    systemctl reset-failed "$unit" 2>/dev/null || true
    words=$(managed_by systemd m_words "${unit%.service}" "$begun" | without_values | sed 's/^/  | /')
    revert
    systemctl daemon-reload
    fail "release $release: $why; $(untouched). Its last lines:
${words:-  (none)}"
  fi
  settle
  : >"$mark"
}

dumps=/var/lib/queuehost.d/dumps

# dump: the application's database before a migration, which nothing else takes back. The newest five stay.
dump() {
  [ -n "$database" ] || return 0
  install -d -m 0700 /var/lib/queuehost.d "$dumps"
  # A dump is compressed: what PostgreSQL stores is more than it will take.
  size=$(runuser -u postgres -- psql -XAtqc "SELECT pg_database_size('$database')" 2>&1) ||
    fail "release $release: PostgreSQL doesn't say how large $database is ($(one_line "$size")); $(untouched)"
  free=$(($(stat -f -c '%a * %S' "$dumps")))
  [ "$free" -gt $((size + 67108864)) ] ||
    fail "release $release: no room for a dump of $database before the migration: $((size >> 20)) MB and 64 MB to spare are needed in $dumps, got $((free >> 20)) MB; $(untouched)"
  file=$dumps/$name-$(date +%s)-$release.dump
  log "dumping the database $database"
  rm -f "$dumps"/.new
  problem=$( (umask 077 && runuser -u postgres -- pg_dump -Fc "$database" 2>&1 >"$dumps/.new")) || {
    rm -f "$dumps/.new"
    fail "release $release: pg_dump of $database failed before the migration: $(one_line "$problem"); $(untouched)"
  }
  sync "$dumps/.new"
  mv "$dumps/.new" "$file"
  (cd "$dumps" && ls -t ./"$name"-*.dump) | tail -n +6 | while read -r old; do rm -f "$dumps/$old"; done
}
