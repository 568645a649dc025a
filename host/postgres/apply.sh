#!/bin/sh
# Debian's PostgreSQL on a socket, with one database for the application; or, where it isn't wanted any more, stopped.
set -eu
# shellcheck source=../lib.sh
. ./lib.sh
# shellcheck disable=SC1091 # rendered from settings.sh.in
. ./settings.sh
# shellcheck source=parts/cluster.sh
. parts/cluster.sh
# shellcheck source=parts/database.sh
. parts/database.sh

alone postgres
if [ "$ENABLED" != yes ]; then
  turn_off
  exit 0
fi
for user in app deploy; do
  id "$user" >/dev/null 2>&1 || fail "postgres: there is no user $user yet; apply the bundle hardening first"
done
put createcluster.conf /etc/postgresql-common/createcluster.d/queuehost.conf 644
settle
need_packages postgresql-17
size_to_memory
try_settings
make_data

how=''
undo_with back_to_old
changed=0
put queuehost.conf "$DROP_IN" 644
put postgresql.conf "$CONF/postgresql.conf" 644
[ "$changed" = 0 ] || how=restart
changed=0
put pg_hba.conf "$CONF/pg_hba.conf" 640 root:postgres
put pg_ident.conf "$CONF/pg_ident.conf" 640 root:postgres
put start.conf "$CONF/start.conf" 644
[ "$changed" = 0 ] || how=${how:-reload}
if [ "$how" = restart ]; then
  complaint=$(systemd-analyze verify "$UNIT" 2>&1 | grep queuehost.conf) && fail "systemd: $(one_line "$complaint")"
fi
bring_up
make_database
lets_in
settle
