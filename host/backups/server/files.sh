# shellcheck shell=bash disable=SC2154 # variables of its callers
# The application's folders and its .env. Callers set name, folders, work, and bring sqlite.sh.

# lasting: those of its folders that there are, relative to /; the one of its own state among them.
lasting() {
  local folder
  for folder in $folders; do
    if [ -d "/srv/$name/shared/$folder" ]; then printf 'srv/%s/shared/%s\n' "$name" "$folder"; fi
  done
  if [ -n "$(ls -A "/var/lib/$name" 2>/dev/null)" ]; then printf 'var/lib/%s\n' "$name"; fi
}

# pack_files FILE: all of them, sorted and without times of access, so that what didn't change packs to the same. What changes
# meanwhile is taken as it is then; but for SQLite databases, of which copies are made. A line for each entry goes to $work/entries.
pack_files() {
  local packed=0
  copy_databases
  beside >"$work/beside"
  lasting | tar --create --file "$1" --format=gnu --sort=name --sparse --warning=no-file-changed --warning=no-file-removed \
    --anchored --no-wildcards --exclude-from="$work/beside" \
    --ignore-failed-read --verbose --index-file="$work/entries" -C / --files-from - 2>"$work/tar.log" || packed=$?
  # 1: something changed while it was read.
  [ "$packed" -le 1 ] || fail "tar: $(grep -v 'Exiting with failure' "$work/tar.log" | head -n 1)"
  add_databases "$1"
  assert_no_others
}

# seal_env FILE: readable with the deployment's ssh key and with those of the people who log in, and by nobody on this server.
seal_env() {
  grep -E '^(ssh-ed25519|ssh-rsa) ' /run/queuehost-backup/recipients >"$work/recipients" ||
    fail 'none of the keys that may log in can open an .env: age takes ssh-ed25519 and ssh-rsa'
  age --encrypt --recipients-file "$work/recipients" --output "$1" "/srv/$name/shared/.env" 2>"$work/age.log" ||
    fail "age: $(head -n 1 "$work/age.log")"
}
