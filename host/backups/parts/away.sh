# shellcheck shell=sh disable=SC2154 # where.sh, and the variables of apply.sh
# Backups that go off the server: restic, its credentials, what ships and what checks.

CREDENTIALS=/etc/queuehost/backups
CHECKS=queuehost-backup-check.timer
SHIPPED=$UNITS/queuehost-backup.service.d/ship.conf

# put_away: all of it but the first shipping, or nothing where backups.to is not set.
put_away() {
  if [ -z "$to" ]; then
    forget_away
    return
  fi
  changed=0
  install -d -o root -g backup -m 750 "$CREDENTIALS"
  install -d /opt/queuehost/root
  for file in away/*; do put "$file" "$CREDENTIALS/${file##*/}" 640 root:backup; done
  for file in "$CREDENTIALS"/*; do
    case $file in *.queuehost-*) continue ;; esac
    [ -f "away/${file##*/}" ] || take_away "$file"
  done
  changed=0
  for unit in ship check; do put queuehost-backup-away.service "$UNITS/queuehost-backup-$unit.service" 644; done
  put "$CHECKS" "$UNITS/$CHECKS" 644
  printf '[Unit]\nOnSuccess=queuehost-backup-ship.service\n' >ship.conf
  put ship.conf "$SHIPPED" 644
  if [ "$changed" = 1 ]; then
    complaint=$(systemd-analyze verify queuehost-backup-ship.service queuehost-backup-check.service "$CHECKS" 2>&1 | grep queuehost-backup) &&
      fail "systemd: $(one_line "$complaint")"
    systemctl daemon-reload
    systemctl enable -q "$CHECKS"
    systemctl restart "$CHECKS"
  fi
  systemctl is-active -q "$CHECKS" || systemctl enable -q --now "$CHECKS"
  make_place
  # shellcheck disable=SC2016 # bash's own
  said=$(bash -c '. "$0/sandbox.sh" && away open' "$PROGRAM" 2>&1) || fail "backups.to: $(printf '%s\n' "$said" | sed -n 's/^queuehost: //p' | head -n 1)"
  [ -z "$said" ] || log "$said"
}

# make_place: the repository's folder, where that is a folder of this server's. A folder that isn't there is none that was
# forgotten, but one that isn't mounted; so is one that has lost the repository.
make_place() {
  case $to in /*) ;; *) return 0 ;; esac
  [ -d "$to" ] || fail "backups.to: should be a folder on the server, got $to, which isn't there: is it mounted? Make it, or mount it, first"
  [ -d "$to/queuehost" ] || [ "$(cat /var/lib/queuehost-backup/repository 2>/dev/null)" = "$place" ] ||
    install -d -o backup -g backup -m 700 "$to/queuehost"
}

# forget_away: the repository stays as it is, wherever that was.
forget_away() {
  [ -f "$SHIPPED" ] || return 0
  systemctl disable -q --now "$CHECKS"
  for file in "$SHIPPED" "$UNITS"/queuehost-backup-ship.service "$UNITS"/queuehost-backup-check.service "$UNITS/$CHECKS" "$CREDENTIALS"/*; do
    take_away "$file"
  done
  systemctl daemon-reload
}
