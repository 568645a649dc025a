# shellcheck shell=bash disable=SC2154 # variables of its callers
# The application's folders, restored: unpacked beside them, and renamed one after the other. What the set doesn't have, stays.

stage_files() {
  rm -rf "/srv/$name/shared/.restored"
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
    [ ! -e "/$folder" ] || mv -T "/$folder" "$before/$folder"
    printf '%s\n' "$folder" >>"$before/swapped"
    mv -T "/srv/$name/shared/.restored/$folder" "/$folder"
  done <"$work/folders"
}

back_files() {
  local folder before=/srv/$name/shared/.before
  if [ -f "$before/swapped" ]; then
    while read -r folder; do
      rm -rf "${folder:+/$folder}"
      [ ! -e "$before/$folder" ] || mv -T "$before/$folder" "/$folder"
    done <"$before/swapped"
  fi
  # One that was moved away, and nothing put in its place.
  for folder in $(lasting_names); do
    [ ! -e "$before/$folder" ] || [ -e "/$folder" ] || mv -T "$before/$folder" "/$folder"
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
