# shellcheck shell=bash
# Expects: EXPECT_BACKUPS_KEEP, EXPECT_BACKUPS_KEEP_DAILY, EXPECT_BACKUPS_TO, EXPECT_POSTGRES, APP_NAME,
# APP_FOLDERS.
: "${EXPECT_BACKUPS_KEEP:?}" "${EXPECT_BACKUPS_KEEP_DAILY:?}" "${EXPECT_BACKUPS_TO?}" "${EXPECT_POSTGRES?}" "${APP_NAME:?}" "${APP_FOLDERS?}"
folder=/var/backups/queuehost
program=/opt/queuehost/backups

# parts SET: what is in it.
parts() {
  local part
  for part in redis.rdb postgres.dump files.tar env.age; do
    [ ! -s "$1/$part" ] || printf '%s ' "${part%.*}"
  done
}
# wanted SET: what there was to be backed up then.
wanted() {
  local one files=''
  for one in $APP_FOLDERS; do [ ! -d "/srv/$APP_NAME/shared/$one" ] || files='files '; done
  [ -z "$(find "/var/lib/$APP_NAME" -mindepth 1 ! -newer "$1/manifest" -print -quit 2>/dev/null)" ] || files='files '
  printf 'redis %s%senv ' "${EXPECT_POSTGRES:+postgres }" "$files"
}

# fired TIMER: when it last did, in seconds; 0 when it never did.
fired() {
  local at
  at=$(systemctl show -P LastTriggerUSec "$1")
  date -d "${at:-@0}" +%s 2>/dev/null || echo 0
}

# sets: what is in the folder; one line when nothing is.
sets() {
  local all newest count made fired age seen size free rest part
  local recent='the newest backup is from the last run' kept='older backups are deleted' room='there is room for the next backup'
  all=$(find "$folder" -mindepth 1 -maxdepth 1 -type d -name '????????-??????' 2>/dev/null | sort)
  newest=$(tail -n 1 <<<"$all")
  count=$(grep -c . <<<"$all")
  if [ -z "$newest" ]; then
    flunk "$recent" "no backup in $folder"
    return
  fi
  # Each time the timer fired, a backup was made (or is being made).
  made=$(stat -c %Y "$newest") fired=$(fired queuehost-backup.timer)
  age="${newest##*/}, $((($(date +%s) - made) / 60)) minutes old"
  if [ "$made" -ge "$fired" ] || [ "$(systemctl is-active queuehost-backup.service)" = activating ]; then
    pass "$recent" "$age"
  else
    flunk "$recent" "$age: older than the last run, of $(date -ud "@$fired" '+%F %T') UTC"
  fi
  # shellcheck source=server/keep.sh
  rest=$(. "$program/keep.sh" && sort -r <<<"$all" | sed 's,.*/,,' | outdated "$EXPECT_BACKUPS_KEEP" "$EXPECT_BACKUPS_KEEP_DAILY" | paste -sd ' ')
  if [ -z "$rest" ]; then pass "$kept" "$count are kept"; else flunk "$kept" "of $count these should be gone: $rest"; fi
  seen=$(parts "$newest") rest=''
  # One more than that is files which are gone, or were changed since.
  for part in $(wanted "$newest"); do [[ " $seen" == *" $part "* ]] || rest="$rest $part"; done
  if [ -z "$rest" ]; then pass 'the newest backup has all parts' "$seen"; else flunk 'the newest backup has all parts' "without$rest"; fi
  modes 'backups are for their user alone' 'backup:backup 600' "$folder"/????????-??????/*
  modes "the backups' folders are for their user alone" 'backup:backup 700' "$folder" "$folder"/????????-??????
  # shellcheck source=server/sandbox.sh
  seen=$(. "$program/sandbox.sh" && prove_set "$newest" quick 2>&1)
  case $seen in *' as they were') pass 'the newest backup can be restored' "$seen" ;; *) flunk 'the newest backup can be restored' "${seen:-no answer}" ;; esac
  size=$(du -sb "$newest" | cut -f 1) free=$(($(stat -f -c '%a * %S' "$folder")))
  if [ "$free" -gt $((3 * size + 67108864)) ]; then
    pass "$room" "$((free >> 20)) MB free, $((size >> 20)) MB for the newest"
  else
    flunk "$room" "$((free >> 20)) MB free; the newest takes $((size >> 20)) MB, and as much twice over to try it"
  fi
}

# away: what is off the server.
away() {
  local newest age there state
  local shipped='the newest backup is off the server' sound='what is off the server was checked'
  unit 'the timer of checks off the server is active and starts at boot' queuehost-backup-check.timer
  check 'each backup is shipped' queuehost-backup-ship.service "$(systemctl show -P OnSuccess queuehost-backup.service)"
  check 'the last shipping succeeded' success "$(systemctl show -P Result queuehost-backup-ship.service)"
  modes 'credentials of backups.to are for backups alone' 'root:backup 640' /etc/queuehost/backups/*
  newest=$(find "$folder" -mindepth 1 -maxdepth 1 -type d -name '????????-??????' -printf '%f\n' 2>/dev/null | sort | tail -n 1)
  # shellcheck source=server/sandbox.sh
  if there=$(. "$program/sandbox.sh" && away list 8 2>&1); then
    pass 'backups.to is reached and opens' "$(grep -c . <<<"$there") backups"
    age=$(cut -f 2 <<<"$there" | sort | tail -n 1)
    if grep -q "^away	$newest	" <<<"$there"; then
      pass "$shipped" "$newest"
    elif systemctl is-active queuehost-backup.service queuehost-backup-ship.service | grep -q ing; then
      pass "$shipped" "$newest is being shipped"
    else
      flunk "$shipped" "$newest isn't; ${age:-none} is"
    fi
  else
    flunk 'backups.to is reached and opens' "$(sed -n 's/^queuehost: //p' <<<"$there" | head -n 1)"
  fi
  # Each time the timer fired, a check was made, or is being made.
  state=$(cat /var/lib/queuehost-backup/checked 2>/dev/null || printf '0\tnever\t')
  case $state in
    *$'\t'new) pass "$sound" 'none was due yet' ;;
    *$'\t'ok)
      if [ "${state%%$'\t'*}" -ge "$(fired queuehost-backup-check.timer)" ] || [ "$(systemctl is-active queuehost-backup-check.service)" = activating ]; then
        pass "$sound" "$(date -ud "@${state%%$'\t'*}" '+%F %T') UTC"
      else
        flunk "$sound" "last at $(date -ud "@${state%%$'\t'*}" '+%F %T') UTC, before the timer's last run"
      fi
      ;;
    *) flunk "$sound" "${state#*$'\t'}" ;;
  esac
}

unit 'the timer is active and starts at boot' queuehost-backup.timer
check 'the last run succeeded' success "$(systemctl show -P Result queuehost-backup.service)"
none 'no restore is unfinished' "$(find /var/lib/redis/queue.before "/srv/$APP_NAME/shared/.before" "$folder/.restore" -maxdepth 0 2>/dev/null | paste -sd ' ')"
sets
[ -z "$EXPECT_BACKUPS_TO" ] || away
