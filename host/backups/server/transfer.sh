# shellcheck shell=bash disable=SC2154 # variables of its callers
# Sets that leave this server and come to it, as tars. Callers set FOLDER.

# export_set ID: the set as a tar on stdout, once its checksums are right. Linked aside: it may be pruned meanwhile.
export_set() {
  local work
  [[ $1 =~ ^$is_set$ && -f $FOLDER/$1/manifest ]] || fail "there is no backup $1 on this server"
  work=$(mktemp -d "$FOLDER/.export.XXXXXX")
  # shellcheck disable=SC2064 # as it is now
  trap "rm -rf '$work'" EXIT
  cp -al "$FOLDER/$1" "$work/$1"
  assert_sums "$work/$1" "backup $1"
  tar --create --format=gnu --sort=name -C "$work" --file - -- "$1" || fail "backup $1 can't be packed, or nobody reads it any more"
}

# import_set BYTES: a tar as export_set makes them on stdin, of that size; prints its id. Nothing counts before it is whole. What
# is unpacked is unpacked as the user of the backups, who can write nothing else.
import_set() {
  local work id free said
  [[ ${1:-} =~ ^[0-9]{1,15}$ ]] || fail "backups.sh import: should be told the tar's size in bytes, got ${1:-nothing}"
  find "$FOLDER" -maxdepth 1 \( -name '.import.*' -o -name '.export.*' \) -mmin +180 -exec rm -rf {} +
  free=$(($(stat -f -c '%a * %S' "$FOLDER")))
  [ "$free" -gt $(($1 + 67108864)) ] ||
    fail "not enough room in $FOLDER: the backup needs $(($1 >> 20)) MB and 64 MB to spare, got $((free >> 20)) MB"
  work=$(mktemp -d "$FOLDER/.import.XXXXXX")
  # shellcheck disable=SC2064 # as it is now
  trap "rm -rf '$work'" EXIT
  chown backup:backup "$work"
  said=$(as_backup tar --extract --no-same-owner --no-same-permissions -C "$work" --file - 2>&1) ||
    fail "what came is no whole backup: $(one_line "${said#tar: }")"
  id=$(assert_shape "$work") || exit
  assert_sums "$work/$id" "backup $id, as it came,"
  if [ -e "$FOLDER/$id" ]; then
    cmp -s "$work/$id/SHA256SUMS" "$FOLDER/$id/SHA256SUMS" || fail "there is another backup $id on this server already"
  else
    chmod -R u=rwX,go= "$work/$id"
    sync -f "$work/$id"
    mv -T "$work/$id" "$FOLDER/$id"
    sync "$FOLDER"
  fi
  printf '%s\n' "$id"
}

as_backup() { setpriv --reuid backup --regid backup --clear-groups --no-new-privs --inh-caps=-all -- "$@"; }

# assert_shape FOLDER: that a set and nothing else is in it; prints the set's id.
assert_shape() {
  local id odd
  id=$(ls -A "$1")
  [[ $id =~ ^$is_set$ && -d $1/$id && ! -L $1/$id ]] || fail "what came should be one backup, got $(one_line "${id:-nothing}")"
  odd=$(find "$1/$id" -mindepth 1 ! \( -type f -links 1 -regex '.*/[A-Za-z0-9][A-Za-z0-9._-]*' \) -print -quit)
  [ -z "$odd" ] || fail "backup $id, as it came, has something that isn't part of one: ${odd##*/}"
  for odd in manifest SHA256SUMS redis.rdb; do [ -s "$1/$id/$odd" ] || fail "backup $id, as it came, has no $odd"; done
  printf '%s' "$id"
}

# assert_sums SET WORDS: each of its files, and none that its checksums don't name.
assert_sums() {
  local wrong
  wrong=$(cd "$1" && sha256sum --quiet --strict -c SHA256SUMS 2>&1 | head -n 1) || :
  [ -z "$wrong" ] || fail "$2 is damaged: ${wrong%: FAILED*}"
  [ "$(cd "$1" && sed 's/^[0-9a-f]*  //' SHA256SUMS | sort)" = "$(cd "$1" && find . -mindepth 1 ! -name SHA256SUMS -printf '%P\n' | sort)" ] ||
    fail "$2 has other files than its checksums say"
}
