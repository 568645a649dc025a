# shellcheck shell=sh
# Roles and the database. An older database, of the application's former name, stays as it is.

make_database() {
  before=$(sql -c "select 1 from pg_database where datname = '$DATABASE'")
  wrong=$(sql -v "database=$DATABASE" -f parts/roles.sql) || fail "postgres: $(one_line "$wrong")"
  [ "$before" = 1 ] || log "database $DATABASE made"
}

# lets_in: the application, and nobody in its name.
lets_in() {
  refused=$(as_user app) || fail "postgres: the application does not get to its database: $(one_line "$refused")"
  ! as_user nobody >/dev/null || fail 'postgres: another user than app gets in as app'
}
as_user() {
  setpriv --reuid "$1" --regid "$(id -g "$1")" --clear-groups "$BIN/psql" -XqAt -h /run/postgresql -U app -d "$DATABASE" -c 'select 1' 2>&1
}
