#!/bin/bash
# What a rehearsal with data does on its machine, as root; it is sent over SSH, with OUTCOME (outcome.lua) set before it:
# load ID WHAT WHO: the backup in the place of what there is; the application stays stopped.
# migrate WHO: the release's migration on that. serve WHO: the application on that. switch WHO: the release anew, on the other side.
# Each prints what it took, in milliseconds. look READ: what became of jobs since, as JSON a database.
# shellcheck disable=SC1090,SC1091,SC2034,SC2154 # the scripts and settings of the bundles, on the server
set -eu
tools=/opt/queuehost/app backups=/opt/queuehost/backups
cd "$tools"
for part in lib settings sides gate lock install kept tasks change; do . "./$part.sh"; done
root=/srv/$name

now() { date +%s%3N; }

# Without a live side, a restore starts nothing: the release is to find the data as its migration leaves it.
load() {
  hold "$3" 'rehearsing: loading data'
  [ -L "$root/.held" ] || mv -T "$root/live" "$root/.held"
  trap 'status=$?; mv -T "$root/.held" "$root/live"; (exit $status); at_end' EXIT
  bash "$backups/restore.sh" run "$1" "$2" "$3" >&2
}

migrate() {
  local unit=$name-migrate.service began
  hold "$1" 'rehearsing: migrating'
  if [ ! -f "$units/$unit" ]; then
    printf 'none\t0\n'
    return 0
  fi
  began=$(now)
  dump >&2
  printf 'dump\t%s\n' $(($(now) - began))
  began=$(now)
  systemctl start "$unit" 2>/dev/null || fail "$unit failed ($(systemctl show -P Result "$unit"), exit code $(systemctl show -P ExecMainStatus "$unit")). Its last lines:
$(managed_by systemd m_words "${unit%.service}" $((began / 1000)) | without_values | sed 's/^/  | /')"
  printf 'migration\t%s\n' $(($(now) - began))
}

serve() {
  local side began since
  side=$(live_side) began=$(now) since=$(date +%s)
  hold "$1" 'rehearsing: starting'
  on "$side" m_start "$side"
  gate "$side" "$(release_of "$side")" || fail "with the data $culprit $why. Its last lines:
$(last_words "$side" "$culprit" "$since")"
  printf 'start\t%s\n' $(($(now) - began))
}

switch() {
  local began
  began=$(now)
  ./release restart "$1" rehearsal >&2
  printf 'switch\t%s\n' $(($(now) - began))
}

look() {
  local db names
  cd "$backups"
  here=$backups
  for part in redis restore-redis; do . "./$part.sh"; done
  for db in $(as_operator info keyspace | databases); do
    mapfile -t names < <(as_operator -n "$db" --scan --pattern '*:meta' | grep -v '[[:cntrl:]]' | sort | sed 's/:meta$//')
    [ "${#names[@]}" = 0 ] || as_operator -n "$db" eval_ro "$OUTCOME" 0 "$db" "$1" "${names[@]}"
  done
}

"$@" </dev/null
