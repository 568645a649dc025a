# shellcheck shell=bash disable=SC2154 # variables of its callers
# What goes to the repository, and what goes from it. Callers set work, FOLDER, STATE, and have the functions of repository.sh.

# surplus: of all sets, here and there, those that needn't stay; the same rule as for the server's own.
surplus() { cat <(sets "$FOLDER") <(cut -f 1 "$work/there") | sort -ru | outdated "$keep" "$keep_daily"; }
# surplus_there: the same among those that are there: the newest of them always stays, even if newer ones are here.
surplus_there() { cut -f 1 "$work/there" | sort -ru | outdated "$keep" "$keep_daily"; }

# missing: the oldest set that is here, should stay, and isn't known to be there as it is here.
missing() {
  sets "$FOLDER" | grep -vxF -f <(surplus) | grep -vxF -f "$work/done" | tail -n 1 || :
}

# proved SNAPSHOT SET: what was sent has the same files, and those that name and sum up all others read back the same: from the
# repository, and not from what restic keeps of it here.
proved() {
  rm -rf "$work/back"
  repository 0 --no-cache restore "$1" --target "$work/back" --include /manifest --include /SHA256SUMS >/dev/null || must $?
  repository 0 ls --json "$1" >"$work/files.json" || must $?
  cmp -s "$2/manifest" "$work/back/manifest" && cmp -s "$2/SHA256SUMS" "$work/back/SHA256SUMS" &&
    cmp -s <(jq -r 'select(.struct_type == "node" and .type == "file") | "\(.name) \(.size)"' "$work/files.json" | sort) \
      <(find "$2" -type f -printf '%f %s\n' | sort)
}

# send ID: linked aside, where nothing prunes it meanwhile.
send() {
  local id=$1 status=0 snapshot wrong
  rm -rf "$work/set"
  if ! wrong=$(cp -al "$FOLDER/$id" "$work/set" 2>&1); then
    [ -d "$FOLDER/$id" ] || return 0
    fail "backup $id can't be read: $(one_line "$wrong")"
  fi
  wrong=$(assert_sums "$work/set" "backup $id" 2>&1) || {
    spoilt="${wrong#queuehost: }; it was not shipped"
    return 0
  }
  # Sent by a run that was cut off, or by the server that this one came after.
  snapshot=$(sed -n "s/^$id\t\([0-9a-f]*\)\t.*/\1/p" "$work/there")
  if [ -z "$snapshot" ] || ! proved "$snapshot" "$work/set"; then
    cd "$work/set" || exit
    repository 0 --limit-upload "$bandwidth" backup --json --no-scan --host "$from" --tag "$id" \
      --tag "machine=$(machine)" --group-by host --time "${id:0:4}-${id:4:2}-${id:6:2} ${id:9:2}:${id:11:2}:${id:13:2}" . \
      >"$work/sent" || status=$?
    cd /
    [ "$status" = 0 ] || must "$status"
    snapshot=$(jq -r 'select(.message_type == "summary") | .snapshot_id[:8]' "$work/sent")
    proved "$snapshot" "$work/set" || fail "backup $id does not read back from $place as it was sent"
    shipped="$shipped $id"
  fi
  printf '%s\t%s\n' "$id" "$snapshot" >>"$STATE/shipped"
  printf '%s\t%s\n' "$id" "$snapshot" >>"$work/there"
}

send_all() {
  local id
  while id=$(missing) && [ -n "$id" ]; do
    send "$id"
    printf '%s\n' "$id" >>"$work/done"
  done
}

ship() {
  exec 9>"$STATE/lock"
  flock -w 7200 9 || fail 'another shipping has been running for two hours'
  # What runs that were killed left behind.
  find "$FOLDER" -maxdepth 1 -name '.ship.*' ! -path "$work" -exec rm -rf {} +
  find "$FOLDER" -maxdepth 1 -name '.away.*' -mmin +1440 -exec rm -rf {} +
  # The locks of runs that died, and no others.
  repository 60 unlock >/dev/null || must $?
  snapshots 60 >"$work/there" || must $?
  touch "$STATE/shipped"
  # Those that were read back once.
  cut -f 1,2 "$work/there" | grep -xF -f "$STATE/shipped" >"$work/shipped" || :
  cp "$work/shipped" "$STATE/shipped"
  cut -f 1 "$work/shipped" >"$work/done"
  shipped='' spoilt=''
  send_all
  [ -z "$spoilt" ] || fail "$spoilt"
  if [ -z "$append_only" ]; then
    # shellcheck disable=SC2119 # once a day will do
    tidy >/dev/null
    # Made meanwhile: what would have shipped them found this running.
    send_all
  fi
  if [ -n "$shipped" ]; then log "shipped to $place:$shipped"; else log "nothing new for $place"; fi
}

# old: the snapshots that have had their time, as lines `gone <id> <snapshot>`: all of a set, not its newest alone.
old() {
  surplus_there >"$work/surplus"
  jq -r '.[] | .short_id as $snapshot | .tags[]? | ["gone", ., $snapshot] | @tsv' "$work/snapshots.json" |
    awk -F '\t' 'FILENAME == ARGV[1] { surplus[$1] = 1; next } $2 in surplus' "$work/surplus" -
}

# tidy [now]: deletes them, and once a day, or now, gives back the room that they took.
# shellcheck disable=SC2120 # away.sh
tidy() {
  local snapshots
  old >"$work/old"
  mapfile -t snapshots < <(cut -f 3 "$work/old")
  if [ -s "$work/old" ]; then
    repository 0 forget "${snapshots[@]}" >/dev/null || must $?
  fi
  if [ "${1:-}" = now ] || [ -z "$(find "$STATE/pruned" -mmin -1200 2>/dev/null)" ]; then
    repository 0 prune >/dev/null || must $?
    touch "$STATE/pruned"
  fi
  cat "$work/old"
}
