# shellcheck shell=sh
# The cluster 17/main: its data, its settings, its unit.

UNIT=postgresql@17-main.service
CONF=/etc/postgresql/17/main
DATA=/var/lib/postgresql/17/main
BIN=/usr/lib/postgresql/17/bin
DROP_IN=/etc/systemd/system/$UNIT.d/queuehost.conf

as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }

# sql [OPTION...]: reads statements; answers bare values, a line each.
sql() { "$BIN/psql" -h /run/postgresql -U postgres -d postgres -XqAt -v ON_ERROR_STOP=1 "$@" 2>&1; }

# turn_off: a server that we set up is stopped, with its data kept; any other is left alone.
turn_off() {
  [ -f "$DROP_IN" ] || return 0
  if ! systemctl is-active -q "$UNIT" && ! systemctl is-enabled -q "$UNIT" && [ "$(cat "$CONF/start.conf")" = manual ]; then
    log "PostgreSQL stays off; its data stays in $DATA"
    return 0
  fi
  # Else Debian starts it with its next update.
  echo manual >start.conf
  put start.conf "$CONF/start.conf" 644
  settle
  systemctl disable -q --now "$UNIT"
  systemctl daemon-reload
  log "PostgreSQL is off; its data stays in $DATA"
}

# size_to_memory: Redis and Node are on the same machine.
size_to_memory() {
  total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
  buffers=$((total / 16))
  [ "$buffers" -ge 128 ] || buffers=128
  [ "$buffers" -le 1024 ] || buffers=1024
  cat >>postgresql.conf <<END

# A sixteenth of the machine's memory, from 128 MB to 1 GB; and what the kernel may be expected to keep of the files.
shared_buffers = ${buffers}MB
effective_cache_size = $((total / 4))MB
END
}

# try_settings: PostgreSQL reads the new file before it counts.
try_settings() {
  ! cmp -s postgresql.conf "$CONF/postgresql.conf" || return 0
  scratch=$(mktemp -d /run/queuehost-scratch.XXXXXX)
  cp postgresql.conf "$scratch/"
  chown -R postgres: "$scratch"
  refused=$(as_postgres "$BIN/postgres" -c config_file="$scratch/postgresql.conf" -C shared_buffers 2>&1 >/dev/null) ||
    fail "postgres: PostgreSQL refuses its new settings: $(one_line "${refused#*LOG: }")"
  rm -rf "$scratch"
}

# make_data: under another name until it is whole. What Debian or somebody else made here before is kept; it gets checksums.
make_data() {
  if [ ! -f "$DATA/PG_VERSION" ]; then
    [ -z "$(ls -A "$DATA" 2>/dev/null)" ] || fail "postgres: $DATA holds something that is no database; move it away"
    rm -rf "$DATA.queuehost-new"
    install -d -o postgres -g postgres -m 755 "${DATA%/*}"
    # Sorted by code point, by PostgreSQL itself: no update of a library changes an order that indexes rely on.
    as_postgres "$BIN/initdb" -D "$DATA.queuehost-new" -A peer --data-checksums --encoding UTF8 --locale C.UTF-8 \
      --locale-provider builtin --builtin-locale C.UTF-8 >initdb.log 2>&1 ||
      fail "postgres: initdb failed: $(grep -m 1 -iE 'error|fatal' initdb.log || tail -n 1 initdb.log)"
    rm -f "$DATA.queuehost-new/postgresql.conf" "$DATA.queuehost-new"/pg_hba.conf "$DATA.queuehost-new"/pg_ident.conf
    mv -T "$DATA.queuehost-new" "$DATA"
  elif "$BIN/pg_controldata" "$DATA" | grep -qE '^Data page checksum version: +0$'; then
    systemctl stop "$UNIT"
    as_postgres "$BIN/pg_checksums" --enable -D "$DATA" >checksums.log 2>&1 || {
      systemctl start "$UNIT" || :
      fail "postgres: pg_checksums failed: $(tail -n 1 checksums.log)"
    }
  fi
}

bring_up() {
  systemctl is-active -q "$UNIT" || how=restart
  case $how in
    restart)
      systemctl daemon-reload
      since=$(date +%s)
      systemctl restart "$UNIT" 2>/dev/null ||
        fail "postgres does not start: $(journalctl -qu "$UNIT" --since "@$since" -o cat | grep -m 1 -E 'FATAL|PANIC|ERROR|LOG: .*(error|invalid)')"
      log 'PostgreSQL (re)started'
      ;;
    reload)
      wrong=$(sql -c 'select error from pg_hba_file_rules union all select error from pg_ident_file_mappings' | grep .) &&
        fail "postgres refuses its new rules: $(one_line "$wrong")"
      since=$(sql -c 'select clock_timestamp()')
      systemctl reload "$UNIT"
      wait_for 10 reloaded || fail 'postgres does not take its new rules'
      log 'PostgreSQL reloaded'
      ;;
  esac
  wrong=$(sql -c "select name || ' in ' || sourcefile || coalesce(' (' || error || ')', '')
    from pg_file_settings where not applied or sourcefile <> '$CONF/postgresql.conf' order by applied desc")
  [ -z "$wrong" ] ||
    fail "postgres runs with another setting than it was given: $(one_line "$wrong"); ALTER SYSTEM RESET ALL takes those of postgresql.auto.conf back"
  # Debian's generator alone makes it "enabled-runtime".
  [ "$(systemctl is-enabled "$UNIT")" = enabled ] || systemctl enable -q "$UNIT"
}

# reloaded: a new connection has what the server read since.
reloaded() { [ "$(sql -c "select pg_conf_load_time() >= '$since'")" = t ]; }

back_to_old() {
  systemctl daemon-reload
  if [ ! -f "$CONF/postgresql.conf" ]; then
    systemctl disable -q --now "$UNIT"
  elif [ "$how" = restart ]; then
    systemctl restart "$UNIT"
  else
    systemctl reload "$UNIT"
  fi
}
