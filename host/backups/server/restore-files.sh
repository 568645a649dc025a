# shellcheck shell=bash disable=SC2154 # variables of its callers
# The application's folders, restored: unpacked beside them, and renamed one after the other. What the set doesn't have, stays.

stage_files() {
  rm -rf "/srv/$name/shared/.restored"
  assert_room "/srv/$name/shared" "$(size_of "$1/files.tar")" files
  install -d -m 700 "/srv/$name/shared/.restored"
  tar --extract --file "$1/files.tar" --preserve-permissions --same-owner --numeric-owner -C "/srv/$name/shared/.restored" 2>"$work/tar.log" ||
    fail "files.tar: $(head -n 1 "$work/tar.log")"
  sync -f "/srv/$name/shared/.restored"
  of "$1" folder >"$work/folders"
}

swap_files() {
  local folder before=/srv/$name/shared/.before
  install -d -m 700 "$before"
  while read -r folder; do
    mkdir -p "$before/$(dirname "$folder")" "/$(dirname "$folder")"
    if [ -e "/$folder" ]; then mv -T "/$folder" "$before/$folder"; else printf '%s\n' "$folder" >>"$before/new"; fi
    sync -f "$before"
    mv -T "/srv/$name/shared/.restored/$folder" "/$folder"
  done <"$work/folders"
}

back_files() {
  local folder before=/srv/$name/shared/.before
  for folder in $(lasting_names); do
    if [ -e "$before/$folder" ]; then
      rm -rf "/${folder:?}"
      mv -T "$before/$folder" "/$folder"
    elif grep -qsxF "$folder" "$before/new"; then
      rm -rf "/${folder:?}"
    fi
  done
  rm -rf "$before" "/srv/$name/shared/.restored"
}

# lasting_names: the application's folders, relative to /, whether they are there or not.
lasting_names() {
  local folder
  for folder in $folders; do printf 'srv/%s/shared/%s\n' "$name" "$folder"; done
  printf 'var/lib/%s\n' "$name"
}

drop_files() { rm -rf "/srv/$name/shared/.before" "/srv/$name/shared/.restored"; }
keep_files() {
  mv -T "/srv/$name/shared/.before" "/srv/$name/shared/.before-$1"
  rm -rf "/srv/$name/shared/.restored"
  printf '%s' "/srv/$name/shared/.before-$1"
}
