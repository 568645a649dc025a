# shellcheck shell=bash
# Expects: EXPECT_BACKUPS_KEEP.
: "${EXPECT_BACKUPS_KEEP:?}"
folder=/var/backups/queuehost

# loads FILE: has a Redis of its own, unprivileged, without a network and a port, load a copy of FILE; prints what it found.
loads() {
  local dir pid answer=''
  dir=$(mktemp -d /run/queuehost-verify.XXXXXX) || return
  cp "$1" "$dir/dump.rdb" && chown -R nobody: "$dir"
  setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs unshare --user --net redis-server --port 0 \
    --unixsocket "$dir/sock" --dir "$dir" --save '' --appendonly no --daemonize no </dev/null >"$dir/log" 2>&1 &
  pid=$!
  for _ in {1..300}; do
    answer=$(redis-cli -s "$dir/sock" info persistence </dev/null 2>/dev/null | tr -d '\r')
    grep -q '^loading:0' <<<"$answer" && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  if grep -q '^loading:0' <<<"$answer"; then
    printf 'loaded with %s keys\n' "$(sed -n 's/^rdb_last_load_keys_\(loaded\|expired\)://p' <<<"$answer" | awk '{ n += $1 } END { print n }')"
  else
    grep -m 1 -iE 'corrupt|fatal|error|wrong|bad|unexpected' "$dir/log" || tail -n 1 "$dir/log"
  fi
  kill "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  rm -rf "$dir"
}
# copies: what is in the folder; one line when nothing is.
copies() {
  local backups newest count made fired age seen
  local recent='the newest backup is from the last run' kept='older backups are deleted' loads='the newest backup loads'
  backups=$(find "$folder" -name 'redis-????????-??????.rdb' 2>/dev/null | sort)
  newest=$(tail -n 1 <<<"$backups")
  count=$(grep -c . <<<"$backups")
  if [ -z "$newest" ]; then
    flunk "$recent" "no redis-*.rdb in $folder"
    return
  fi
  # Each time the timer fired, a backup was made (or is being made).
  made=$(stat -c %Y "$newest") fired=$(systemctl show -P LastTriggerUSec queuehost-backup.timer)
  fired=$(date -d "${fired:-@0}" +%s 2>/dev/null || echo 0)
  age="${newest##*/}, $((($(date +%s) - made) / 60)) minutes old"
  if [ "$made" -ge "$fired" ] || [ "$(systemctl is-active queuehost-backup.service)" = activating ]; then
    pass "$recent" "$age"
  else
    flunk "$recent" "$age: older than the last run, of $(date -ud "@$fired" '+%F %T') UTC"
  fi
  if [ "$count" -le "$EXPECT_BACKUPS_KEEP" ]; then
    pass "$kept" "$count of at most $EXPECT_BACKUPS_KEEP"
  else
    flunk "$kept" "expected at most $EXPECT_BACKUPS_KEEP, saw $count"
  fi
  check 'the newest backup has its checksum' OK "$(cd "$folder" && sha256sum --quiet -c "${newest##*/}.sha256" 2>&1 && echo OK)"
  modes 'backups are for their user alone' 'backup:backup 600' "$folder"/redis-*
  modes "the backups' folder is for their user alone" 'backup:backup 700' "$folder"
  seen=$(loads "$newest")
  case $seen in loaded*) pass "$loads" "$seen" ;; *) flunk "$loads" "$seen" ;; esac
}

unit 'the timer is active and starts at boot' queuehost-backup.timer
check 'the last run succeeded' success "$(systemctl show -P Result queuehost-backup.service)"
copies
