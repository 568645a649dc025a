#!/bin/sh
# Proven backups by a timer. The first one is made here, so that there is always one.
set -eu
# shellcheck source=../lib.sh
. ./lib.sh
# shellcheck disable=SC1091 # rendered from settings.sh.in
. ./settings.sh

FOLDER=/var/backups/queuehost
PROGRAM=/opt/queuehost/backups

# back_to_old: a timer that was there before goes on; one that wasn't leaves no link behind.
back_to_old() {
  systemctl daemon-reload
  if [ -f /etc/systemd/system/queuehost-backup.timer ]; then
    systemctl restart queuehost-backup.timer
  else
    systemctl stop queuehost-backup.timer
    rm -f /etc/systemd/system/timers.target.wants/queuehost-backup.timer
  fi
}

alone backups
need_packages redis-server redis-tools age
[ -s /etc/queuehost/credentials/redis-backup ] || fail 'backups: Redis has no backup user yet; apply the bundle redis first'
schedule=$(sed -n 's/^OnCalendar=//p' queuehost-backup.timer)
systemd-analyze calendar "$schedule" >/dev/null 2>&1 ||
  fail "backups.schedule: should be a systemd calendar expression such as \"*-*-* 03:15:00\", got \"$schedule\""

undo_with back_to_old
install -d -o backup -g backup -m 700 "$FOLDER"
put settings.sh "$PROGRAM/settings.sh" 755
other_parts=$changed
for file in lib.sh server/*; do
  case $file in *.lua) mode=644 ;; *) mode=755 ;; esac
  put "$file" "$PROGRAM/${file##*/}" "$mode"
done
# Of version 0.2.0.
rm -f /usr/local/lib/queuehost/redis-backup
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

# The first one, or one that has what others lack.
if [ "$other_parts" = 1 ] || [ -z "$(find "$FOLDER" -mindepth 2 -maxdepth 2 -name manifest -print -quit)" ]; then
  made=$(bash "$PROGRAM/backups.sh" now "$(who)")
  log "backup made: $made"
fi
settle
