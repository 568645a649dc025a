# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# Who may change what runs: one at a time, nobody while it is locked, and no release that was taken back. Callers set root, name.

# field FILE KEY: of a file of key=value lines.
field() { sed -n "s/^$2=//p" "$1" 2>/dev/null || :; }

at() { date -u -d "@$1" '+%Y-%m-%d %H:%M:%S UTC' 2>/dev/null || printf 'an unknown time'; }

# hold WHO WHY: from here to the end of the script this is the one change that runs. Refused while somebody has locked it; what a
# change that died has left behind is taken over.
hold() {
  # The one that started this has it already.
  [ -z "${QUEUEHOST_HOLDER:-}" ] || return 0
  alone "app-$name"
  lock=$root/lock
  if [ -f "$lock" ] && [ -z "$(field "$lock" pid)" ]; then
    fail "$name is locked by $(field "$lock" who) since $(at "$(field "$lock" when)"): $(field "$lock" why). queuehost unlock lets changes in again"
  fi
  [ ! -f "$lock" ] || log "taking over from a change that died: $(field "$lock" who), $(field "$lock" why)"
  write_lock "$1" "$2" "$$"
  held=$lock
  export QUEUEHOST_HOLDER=$$
}

# write_lock WHO WHY [PID]
write_lock() {
  {
    printf 'who=%s\nwhen=%s\nwhy=%s\n' "$(word "$1")" "$(date +%s)" "$(word "$2")"
    [ -z "${3:-}" ] || printf 'pid=%s\n' "$3"
  } >"$root/.lock"
  mv -f "$root/.lock" "$root/lock"
}

# refuse RELEASE WHO WHY: a deploy of it is refused from now on.
refuse() {
  allow "$1"
  printf '%s\t%s\t%s\t%s\n' "$1" "$(date +%s)" "$(word "$2")" "$(word "$3")" >>"$root/refused"
}

# allow RELEASE: takes it out of what is refused.
allow() {
  [ -f "$root/refused" ] || return 0
  grep -v "^$1	" "$root/refused" >"$root/.refused" || :
  mv -f "$root/.refused" "$root/refused"
}

# assert_welcome RELEASE: it wasn't taken back.
assert_welcome() {
  line=$(grep "^$1	" "$root/refused" 2>/dev/null) || return 0
  fail "release $1 was taken back by $(printf '%s' "$line" | cut -f 3) at $(at "$(printf '%s' "$line" | cut -f 2)"): $(printf '%s' "$line" | cut -f 4). $(untouched). queuehost deploy --again lets it in"
}

untouched() {
  in_service=$(release_of "$(live_side)")
  if [ -n "$in_service" ]; then printf 'release %s is still in service' "$in_service"; else printf 'nothing is running'; fi
}

# unlock WHO: lets changes in again. A change that runs keeps its lock.
unlock() {
  audit_who=$1 audit_what=unlock
  lock=$root/lock
  [ -f "$lock" ] || {
    log "$name isn't locked"
    return 0
  }
  pid=$(field "$lock" pid)
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
    fail "a change runs: $(field "$lock" who), $(field "$lock" why), since $(at "$(field "$lock" when)"). It gives its lock back when it is over"
  fi
  trap at_end EXIT
  rm -f "$lock"
}
