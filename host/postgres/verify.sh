# shellcheck shell=bash
# PostgreSQL as it runs: socket, access rules, roles, durability, and a write in the application's name.
# Expects: EXPECT_POSTGRES (yes, or empty where it is off), APP_NAME.
: "${EXPECT_POSTGRES?}" "${APP_NAME:?}"
unit=postgresql@17-main.service
conf=/etc/postgresql/17/main
database=${APP_NAME//-/_}
psql=/usr/lib/postgresql/17/bin/psql

sql() { timeout 5 "$psql" -h /run/postgresql -U postgres -d postgres -XqAtF ' ' -c "$1" 2>&1 </dev/null; }
show() { systemctl show -P "$1" "$unit"; }

# listeners: of TCP and of Unix; the unit has a network of its own.
listeners() { nsenter -t "$(show MainPID)" -n ss -Hltxnp 2>&1 | awk '/"postgres"/ { print $5 }' | sort -u | xargs; }

# as_user UNIX_USER: writes as the role app, and takes it back.
as_user() {
  timeout 5 setpriv --reuid "$1" --regid "$(id -g "$1")" --clear-groups "$psql" -h /run/postgresql -U app -d "$database" -XqAt \
    -v ON_ERROR_STOP=1 2>&1 <<'SQL'
begin;
create table queuehost_verification (n int);
insert into queuehost_verification values (1) returning 'written';
rollback;
SQL
}

# rights of both roles: attributes, memberships.
rights() {
  sql "select rolname || ':' || coalesce((select string_agg(what, ',') from (values
      (rolsuper, 'superuser'), (rolcreatedb, 'createdb'), (rolcreaterole, 'createrole'), (rolreplication, 'replication'),
      (rolbypassrls, 'bypassrls'), (not rolcanlogin, 'nologin')) attributes (held, what) where held), 'login') ||
      coalesce((select ',' || string_agg(roleid::regrole::text, ',' order by roleid::regrole::text)
        from pg_auth_members where member = pg_roles.oid), '')
    from pg_roles where rolname in ('app', 'deploy') order by 1"
}

running() {
  local main refused
  unit 'PostgreSQL is active and starts at boot' "$unit"
  # One that isn't there says nothing about the rest.
  systemctl is-active -q "$unit" || return 0
  main=$(show MainPID)
  check 'PostgreSQL listens on its socket alone' /run/postgresql/.s.PGSQL.5432 "$(listeners)"
  score=$(systemd-analyze security --no-pager "$unit" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
  if [ "${score/./}" -le 11 ] 2>/dev/null; then
    pass 'PostgreSQL is sandboxed' "exposure level $score"
  else
    flunk 'PostgreSQL is sandboxed' "exposure level ${score:-unknown}, expected at most 1.1"
  fi
  # Effective capabilities and setuid programs are out of reach, and system calls are filtered.
  check 'PostgreSQL has no privileges' "$(id -u postgres) 0000000000000000 1 2" \
    "$(awk '/^(Uid|CapEff|NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$main/status" | xargs)"
  check 'PostgreSQL runs with what its file says' 'all in force' \
    "$(sql "select coalesce(string_agg(distinct name, ' '), 'all in force') from (
      select name from pg_file_settings where not applied or sourcefile <> '$conf/postgresql.conf'
      union all select name from pg_settings where pending_restart) wrong")"
  check 'PostgreSQL writes what is committed to the disk' 'on on on' \
    "$(sql "select string_agg(setting, ' ') from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')")"
  check 'PostgreSQL checks its data, and it is whole' 'on, 0 damaged pages' \
    "$(sql "select current_setting('data_checksums') || ', ' || coalesce(sum(checksum_failures), 0) || ' damaged pages' from pg_stat_database")"

  check 'PostgreSQL lets in by Unix user alone' "local all postgres peer, local $database app peer, local all deploy peer, local all all reject, host all all reject" \
    "$(sql "select string_agg(concat_ws(' ', type, array_to_string(database, '+'), array_to_string(user_name, '+'), auth_method, error), ', ' order by line_number) from pg_hba_file_rules")"
  check 'only root, postgres and backup are its superuser' 'backup>postgres postgres>postgres root>postgres postgres' \
    "$(sql "select string_agg(sys_name || '>' || pg_username, ' ' order by sys_name) from pg_ident_file_mappings") $(sql 'select rolname from pg_roles where rolsuper order by 1' | paste -sd ' ')"
  check "the application's role has no rights beyond its database, and the operator's reads and writes" \
    'app:login deploy:login,pg_monitor,pg_read_all_data,pg_signal_backend,pg_write_all_data' "$(rights | paste -sd ' ')"
  check "the database is the application's own" 'app, UTF8, app deploy' \
    "$(sql "select pg_get_userbyid(datdba) || ', ' || pg_encoding_to_char(encoding) || ', ' || coalesce((select string_agg(distinct
      case grantee when 0 then 'everyone' else pg_get_userbyid(grantee) end, ' ') from aclexplode(datacl)), 'everyone')
      from pg_database where datname = '$database'")"
  check 'the application connects and writes' written "$(as_user app)"
  refused=$(as_user nobody)
  if [[ $refused == *'Peer authentication failed for user "app"'* ]]; then
    pass 'another user is refused' 'peer authentication failed'
  else
    flunk 'another user is refused' "$refused"
  fi
  modes 'the access rules are for root and PostgreSQL alone' 'root:postgres 640' "$conf/pg_hba.conf" "$conf/pg_ident.conf"
  modes 'the data is for PostgreSQL alone' 'postgres:postgres 700' /var/lib/postgresql/17/main
}

if [ "$EXPECT_POSTGRES" = yes ]; then
  running
else
  none 'PostgreSQL is off' "$({
    systemctl is-active "$unit" | sed -n '/^active/ s/.*/runs/p'
    systemctl is-enabled "$unit" 2>/dev/null | sed -n '/^enabled/ s/.*/starts at boot/p'
    pgrep -x postgres | sed 's/^/process /'
    ss -Hltn 'sport = :5432' | awk '{ print "tcp", $4 }'
  } | xargs)"
fi
