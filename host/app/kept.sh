# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# The releases that the server keeps, and what brings one of them back. Callers set root, name.

# take_kept RELEASE: its settings in force, and its parts as what is to run.
take_kept() {
  [ -n "$1" ] || fail "no release is in service yet"
  if [ ! -f "$root/kept/$1/settings.sh" ] || [ ! -d "$root/releases/$1" ]; then
    there=$(kept_releases | xargs)
    fail "release $1 isn't kept on this server; it keeps ${there:-none}. $(untouched)"
  fi
  parts=$root/kept/$1
  # The proxy's ports are those of what is live: they change with its configuration alone.
  proxied=$(setting_of "$(live_side)" port)
  # shellcheck source=/dev/null # rendered from settings.sh.in
  . "$parts/settings.sh"
  [ -z "$proxied" ] || [ "$port" = "$proxied" ] ||
    fail "release $1 was in service with app.port $port, and the proxy sends to $proxied. Set app.port to $port and bring that up first. $(untouched)"
}

# kept_releases: the one that was switched to last comes first.
kept_releases() { (cd "$root/kept" && ls -t ./*/switched 2>/dev/null) | cut -d / -f 2; }

# release_before: the one that was in service last, of those that nobody has taken back.
release_before() {
  in_service=$(release_of "$(live_side)")
  for candidate in $(kept_releases); do
    [ "$candidate" != "$in_service" ] || continue
    ! grep -q "^$candidate	" "$root/refused" 2>/dev/null || continue
    printf '%s' "$candidate"
    return
  done
}
