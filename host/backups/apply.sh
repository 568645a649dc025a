#!/bin/sh
# Proven backups by a timer. The first one is made here, so that there is always one.
set -eu
# shellcheck source=../lib.sh
. ./lib.sh
# shellcheck disable=SC1091 # rendered from settings.sh.in
. ./settings.sh
# shellcheck disable=SC1091 # rendered from where.sh.in
. ./where.sh

FOLDER=/var/backups/queuehost
PROGRAM=/opt/queuehost/backups
UNITS=/etc/systemd/system
# shellcheck source=parts/away.sh
. ./parts/away.sh
SOCKET=queuehost-backup-sqlite.socket
UNDO=queuehost-restore-undo.service

# back_to_old: a timer that was there before goes on; one that wasn't leaves no link behind.
back_to_old() {
  # While systemd still knows that its FIFO goes with it.
  [ -f "$UNITS/$SOCKET" ] || systemctl stop "$SOCKET"
  systemctl daemon-reload
  if [ -f /etc/systemd/system/queuehost-backup.timer ]; then
    systemctl restart queuehost-backup.timer
  else
    systemctl stop queuehost-backup.timer
    rm -f /etc/systemd/system/timers.target.wants/queuehost-backup.timer
  fi
  if [ -f "$UNITS/$CHECKS" ]; then systemctl restart "$CHECKS"; else systemctl stop "$CHECKS" && systemctl reset-failed "$CHECKS"; fi
  [ ! -f "$UNITS/$SOCKET" ] || systemctl restart "$SOCKET"
  find "$UNITS" -xtype l -name 'queuehost-*' -delete
}

alone backups
need_packages redis-server redis-tools age sqlite3
[ -z "$to" ] || need_packages restic jq
[ -s /etc/queuehost/credentials/redis-backup ] || fail 'backups: Redis has no backup user yet; apply the bundle redis first'
schedule=$(sed -n 's/^OnCalendar=//p' queuehost-backup.timer)
systemd-analyze calendar "$schedule" >/dev/null 2>&1 ||
  fail "backups.schedule: should be a systemd calendar expression such as \"*-*-* 03:15:00\", got \"$schedule\""
[ -z "$to" ] || systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' queuehost-backup-check.timer)" >/dev/null 2>&1 ||
  fail "backups.check: should be a systemd calendar expression such as \"Sun 04:30\", got \"$(sed -n 's/^OnCalendar=//p' queuehost-backup-check.timer)\""

undo_with back_to_old
install -d -o backup -g backup -m 700 "$FOLDER"
put settings.sh "$PROGRAM/settings.sh" 755
other_parts=$changed
for file in lib.sh where.sh server/*; do
  case $file in *.lua | *.sql) mode=644 ;; *) mode=755 ;; esac
  put "$file" "$PROGRAM/${file##*/}" "$mode"
done
# Of version 0.2.0.
rm -f /usr/local/lib/queuehost/redis-backup
changed=0
put queuehost-backup-sqlite.service "$UNITS/queuehost-backup-sqlite.service" 644
put "$SOCKET" "$UNITS/$SOCKET" 644
put "$UNDO" "$UNITS/$UNDO" 644
if [ "$changed" = 1 ]; then
  complaint=$(systemd-analyze verify queuehost-backup-sqlite.service "$UNDO" 2>&1 | grep -E 'queuehost-(backup|restore)') &&
    fail "systemd: $(one_line "$complaint")"
  systemctl daemon-reload
  systemctl enable -q "$SOCKET" "$UNDO"
  systemctl restart "$SOCKET"
fi
systemctl is-active -q "$SOCKET" || systemctl start "$SOCKET"
changed=0
put queuehost-backup.service /etc/systemd/system/queuehost-backup.service 644
put queuehost-backup.timer /etc/systemd/system/queuehost-backup.timer 644
if [ "$changed" = 1 ]; then
  complaint=$(systemd-analyze verify queuehost-backup.service queuehost-backup.timer 2>&1 | grep queuehost-backup) &&
    fail "systemd: $(one_line "$complaint")"
  systemctl daemon-reload
  systemctl enable -q queuehost-backup.timer
  systemctl restart queuehost-backup.timer
  log "backups scheduled: $schedule"
fi
systemctl is-active -q queuehost-backup.timer || systemctl enable -q --now queuehost-backup.timer
put_away

# The first one, or one that has what others lack.
if [ "$other_parts" = 1 ] || [ -z "$(find "$FOLDER" -mindepth 2 -maxdepth 2 -name manifest -print -quit)" ]; then
  made=$(bash "$PROGRAM/backups.sh" now "$(who)")
  log "backup made: $made"
fi
settle
[ -z "$to" ] || systemctl start --no-block queuehost-backup-ship.service
