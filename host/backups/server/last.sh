#!/bin/bash
# last.sh take WHO: the backup of a server that is about to go, after which nothing may change any more: maintenance is on, the
# application has finished what it runs and stays stopped. Prints its id. Where it fails, the application is started again.
# last.sh undo WHO: the server stays after all.
# shellcheck disable=SC2154 # variables of its parts
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
FOLDER=/var/backups/queuehost
# shellcheck source=../../lib.sh
. "$here/lib.sh"
# shellcheck source=/dev/null # the files beside this one, and what settings.sh.in renders to
for part in settings keep app; do . "$here/$part.sh"; done
umask 077
ours=$FOLDER/.last
release() { [ ! -x "$tools/release" ] || "$tools/release" "$@" >/dev/null; }

undo() {
  start_app >&2 || fail 'the application does not come up; maintenance stays on'
  [ ! -f "$ours" ] || release maintenance off "$who"
  rm -f "$ours"
}

take() {
  if [ ! -e "/srv/$name/maintenance/index.html" ]; then
    : >"$ours"
    release maintenance on "$who" 'We are moving to another server and will be back in a few minutes.' 120
  fi
  stop_app >&2
  # One that the timer began before that is waited for, and isn't the last.
  [ "$(systemctl is-active queuehost-backup.service)" != activating ] ||
    systemctl start queuehost-backup.service 2>/dev/null || :
  systemctl start queuehost-backup.service 2>/dev/null ||
    fail "the backup failed: $(journalctl -qu queuehost-backup.service -n 20 -o cat | sed -n 's/^queuehost: //p' | tail -n 1)"
  sets "$FOLDER" | head -n 1
}

back_again() {
  status=$?
  trap - EXIT INT TERM
  set +e
  if [ "$status" != 0 ]; then undo && printf 'queuehost: the application is in service again\n' >&2; fi
  (exit "$status")
  at_end
}

verb=${1:-} who=${2:-}
case $verb in take | undo) ;; *) fail "last.sh: should be take or undo, got ${verb:-nothing}" ;; esac
audit_who=$who audit_what="backups: $verb the last one"
# shellcheck disable=SC2034 # of lock.sh
root=/srv/$name
if [ -f "$tools/lock.sh" ]; then
  # shellcheck source=/dev/null # of the application's bundle
  . "$tools/lock.sh"
  hold "$who" 'moving to another server'
else
  alone "app-$name"
fi
if [ "$verb" = take ]; then
  trap back_again EXIT
  trap 'exit 143' INT TERM
fi
"$verb"
