# shellcheck shell=bash disable=SC2154 # variables of its callers
# The application's database, restored: made beside the old one under another name, and renamed.

admin_sql() { "$pg/psql" -h /run/postgresql -U postgres -d postgres -XqAt -v ON_ERROR_STOP=1 "$@" 2>&1; }
has_database() { [ "$(admin_sql -c "select 1 from pg_database where datname = '$1'")" = 1 ]; }

# stage_postgres SET
stage_postgres() {
  local said new=${database}_restored
  admin_sql -c "drop database if exists \"$new\"" >/dev/null 2>&1
  # The dump is compressed, and has no indexes.
  assert_room /var/lib/postgresql $((6 * $(size_of "$1/postgres.dump"))) postgres
  said=$(admin_sql -c "create database \"$new\" owner app template template0 encoding 'UTF8'" \
    -c "revoke all on database \"$new\" from public" -c "grant connect, temporary on database \"$new\" to deploy") ||
    fail "postgres: $(one_line "$said")"
  said=$("$pg/pg_restore" -h /run/postgresql -U postgres -d "$new" --exit-on-error "$1/postgres.dump" 2>&1) ||
    fail "postgres.dump can't be restored: $(one_line "$said")"
  of "$1" rows >"$work/expected"
  "$pg/psql" -h /run/postgresql -U postgres -d "$new" -XqAt -v ON_ERROR_STOP=1 <<<"$ROWS" >"$work/restored" 2>&1
  same "$work/expected" "$work/restored" || fail "postgres has other rows than the backup: $difference"
  admin_sql -d "$new" -c analyze >/dev/null
}

# rename FROM TO: whoever is connected is not any more.
rename() {
  local said
  said=$(admin_sql -c "select pg_terminate_backend(pid) from pg_stat_activity where datname = '$1'" -c "alter database \"$1\" rename to \"$2\"") ||
    fail "postgres: $(grep -m 1 ERROR <<<"$said")"
}

swap_postgres() {
  rename "$database" "${database}_before"
  rename "${database}_restored" "$database"
}

back_postgres() {
  if has_database "${database}_before"; then
    ! has_database "$database" || admin_sql -c "drop database \"$database\" with (force)" >/dev/null
    rename "${database}_before" "$database"
  fi
  admin_sql -c "drop database if exists \"${database}_restored\" with (force)" >/dev/null 2>&1
}

drop_postgres() { admin_sql -c "drop database if exists \"${database}_before\" with (force)" >/dev/null 2>&1; }
# keep_postgres STAMP: where there is no backup of it.
keep_postgres() {
  rename "${database}_before" "${database}_before_${1//-/_}"
  printf 'database %s' "${database}_before_${1//-/_}"
}
