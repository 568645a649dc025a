# shellcheck shell=bash disable=SC2154 # variables of its callers
# What a restore replaces: copied while the application rests, proved as a backup of its own when it is back. Callers set restoring,
# FOLDER.

# assert_room FOLDER BYTES WHAT: in its file system, and 64 MB to spare: a full disk would end the Redis that serves.
assert_room() {
  local free
  free=$(($(stat -f -c '%a * %S' "$1")))
  [ "$free" -gt $(($2 + 67108864)) ] ||
    fail "not enough room in $1 to make $3 beside what is there: needs $(($2 >> 20)) MB and 64 MB to spare, got $((free >> 20)) MB"
}
size_of() { stat -c %s "$1"; }

backup_rests() { case $(systemctl show -P ActiveState queuehost-backup.service) in inactive | failed) ;; *) return 1 ;; esac }

# copy_aside: what there is until now, as a set that is proved when the application is back. It can't always be had: Redis may be
# broken.
copy_aside() {
  # One that runs is none of what we ask for; whoever starts the unit then only joins it.
  wait_for 600 backup_rests || fail 'a backup has been running for 10 minutes'
  : >"$restoring/take"
  if systemctl start queuehost-backup.service 2>/dev/null && [ -d "$restoring/before" ]; then
    log 'what was there until now is copied'
  else
    rm -rf "$restoring/before" "$restoring/take"
    log "what was there until now can't be backed up ($(last_reason)); it is kept as it is"
  fi
}

# complete: the new data are in service; what was there until then is proved as a backup, and kept where it can't be.
complete() {
  local what safety='' kept='' id parts
  read -r id parts <"$restoring/what"
  at_boot m_enable
  end_maintenance
  if [ -d "$restoring/before" ]; then
    log 'proving a backup of what was there until now'
    wait_for 600 backup_rests || :
    if systemctl start queuehost-backup.service 2>/dev/null && [ ! -d "$restoring/before" ]; then
      safety=$(sets "$FOLDER" | head -n 1)
      log "what was there until now is backup $safety"
    else
      log "the backup of what was there until now isn't good ($(last_reason)); it is kept as it was"
    fi
  fi
  for what in $parts; do
    if [ -n "$safety" ]; then "drop_$what"; else kept="$kept, $("keep_$what" "$id")"; fi
  done
  rm -rf "$restoring"
  [ -z "$kept" ] || log "kept until you remove it: ${kept#, }"
}
last_reason() { journalctl -qu queuehost-backup.service -n 20 -o cat | sed -n 's/^queuehost: //p' | tail -n 1; }
