# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# What runs, what is kept, and who may change it, for people and for the command line. Callers set root, name.

# list: a line for each kept release, the newest first: id, live|kept|refused, epoch of its last switch, who, version of Node, why
# it is refused.
list() {
  in_service=$(release_of "$(live_side)")
  for id in $(kept_releases); do
    folder=$root/kept/$id state=kept why=''
    if grep -q "^$id	" "$root/refused" 2>/dev/null; then
      state=refused why=$(grep "^$id	" "$root/refused" | cut -f 4)
    fi
    [ "$id" != "$in_service" ] || state=live
    node=$(sed -n "s/^node_version='\(.*\)'/\1/p" "$folder/settings.sh")
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$id" "$state" "$(field "$folder/switched" since)" "$(field "$folder/switched" who)" "$node" "$why"
  done
}

# status: key=value lines.
status() {
  side=$(live_side) id=$(release_of "$side")
  printf 'name=%s\nrelease=%s\nsince=%s\nside=%s\nmanager=%s\n' "$name" "$id" "$(field "$root/kept/$id/switched" since)" "$side" "$(setting_of "$side" manager)"
  [ -z "$side" ] || on "$side" m_look "$side" | while read -r instance pid restarts state memory; do
    ended=''
    [ "$restarts" = 0 ] || ended=$(on "$side" m_ended "$instance" "$(($(date +%s) - 600))")
    printf 'instance=%s %s %s %s %s%s\n' "$instance" "$state" "$pid" "$restarts" "$memory" "${ended:+ $ended}"
  done
  if [ -f "$root/lock" ]; then
    pid=$(field "$root/lock" pid)
    sed 's/^/lock_/' "$root/lock"
    [ -z "$pid" ] || kill -0 "$pid" 2>/dev/null || printf 'lock_dead=yes\n'
  fi
  [ ! -f "$root/maintenance/index.html" ] || sed 's/^/maintenance_/' "$root/maintenance/.state"
  [ ! -f watch.sh ] || sh ./watch.sh status || :
  [ ! -f "$root/refused" ] || sed 's/^/refused=/' "$root/refused"
}
