# shellcheck shell=bash disable=SC2154 # variables of its callers
# The application's database: a dump of the moment of Redis' snapshot, and a PostgreSQL of its own that restores a copy. Callers set
# database, work.

pg=/usr/lib/postgresql/17/bin
scratch_pg=''

# shellcheck disable=SC2120 # options of psql, or statements on stdin
live_sql() { "$pg/psql" -h /run/postgresql -U postgres -d "$database" -XqAt -v ON_ERROR_STOP=1 "$@" 2>&1; }
scratch_sql() { "$pg/psql" -h "$work" -U postgres -d "${1:-postgres}" -XqAt -v ON_ERROR_STOP=1 "${@:2}" 2>&1; }

# A line for each table: its name and how many rows it has.
ROWS="select format('select %L || chr(9) || count(*) from only %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by n.nspname, c.relname \\gexec"

# open_database: a connection that will hold the snapshot; so that Redis waits for none.
open_database() {
  # shellcheck disable=SC2119 # it reads what is told
  coproc HOLDER { live_sql; }
  tell_holder 'set idle_in_transaction_session_timeout = 0; select 1;'
  hear_holder
  [ "$heard" = 1 ] || fail "postgres does not answer: $heard"
}
tell_holder() { printf '%s\n' "$1" >&"${HOLDER[1]}" || fail 'postgres ended the connection'; }
hear_holder() { read -t 20 -r heard <&"${HOLDER[0]}" || fail 'postgres gave no answer within 20 s'; }

# hold_snapshot: from here on the connection sees the database as it is now. Taken after that of Redis, it has the rows of all jobs
# in that. Sets db_snapshot.
hold_snapshot() {
  tell_holder 'begin isolation level repeatable read read only; select pg_export_snapshot();'
  hear_holder
  db_snapshot=$heard
}

# dump_database FILE: as of the snapshot; a line for each table with its rows goes to $work/rows.
dump_database() {
  local said
  said=$("$pg/pg_dump" -h /run/postgresql -U postgres -d "$database" -Fc --snapshot="$db_snapshot" -f "$1" 2>&1) ||
    fail "pg_dump: $(one_line "$said")"
  tell_holder "$ROWS"
  tell_holder '\echo .'
  while hear_holder && [ "$heard" != . ]; do printf '%s\n' "$heard"; done >"$work/rows"
  ! grep -q '^ERROR' "$work/rows" || fail "postgres: $(grep -m 1 '^ERROR' "$work/rows")"
  tell_holder 'commit;'
  close_database
}
close_database() {
  [ -z "${HOLDER_PID:-}" ] || kill "$HOLDER_PID" 2>/dev/null || :
}

# restore_scratch FILE: into a PostgreSQL of its own, without a network, which may forget everything. Its tables with their rows go
# to $work/restored.
restore_scratch() {
  local said log=$work/pg.log
  said=$(setpriv --ambient-caps -all "$pg/initdb" -D "$work/pg" -U postgres -A trust --no-sync --encoding UTF8 --locale C.UTF-8 \
    --locale-provider builtin --builtin-locale C.UTF-8 2>&1) || fail "initdb: $(grep -m 1 -iE 'error|fatal' <<<"$said")"
  setpriv --ambient-caps -all "$pg/postgres" -D "$work/pg" -k "$work" -c listen_addresses= -c fsync=off -c full_page_writes=off \
    -c synchronous_commit=off -c autovacuum=off -c jit=off -c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=32MB \
    >"$log" 2>&1 3<&- &
  scratch_pg=$!
  until scratch_sql postgres -c 'select 1' >/dev/null; do
    kill -0 "$scratch_pg" 2>/dev/null || fail "a PostgreSQL to try the dump in does not start: $(grep -m 1 -E 'FATAL|ERROR' "$log" || tail -n 1 "$log")"
    sleep 0.05
  done
  scratch_sql postgres -c 'create database restored template template0' >/dev/null
  said=$("$pg/pg_restore" -h "$work" -U postgres -d restored --exit-on-error --no-owner --no-privileges "$1" 2>&1) ||
    fail "${1##*/} can't be restored: $(one_line "$said")"
  scratch_sql restored <<<"$ROWS" >"$work/restored"
  end_scratch_pg
}

end_scratch_pg() {
  [ -n "$scratch_pg" ] || return 0
  kill -QUIT "$scratch_pg" 2>/dev/null || :
  wait "$scratch_pg" 2>/dev/null || :
  scratch_pg=''
}
