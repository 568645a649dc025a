# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# The change of sides: the idle one is brought up with a release, proved, and gets the traffic by one rename; then the other one is
# drained and ends. Killed at any step, the side that is live goes on, and the next change begins anew.

# change RELEASE WHO: to that release, whose settings are in force and whose units lie in `parts`. Where the gate stays shut, the live
# side is as it was, and `shut` says what was wrong with the other. Not to be called in a condition: there a command that fails
# wouldn't end the script.
change() {
  shut=''
  live=$(live_side) idle=$(other_side "$live")
  old=$(release_of "$live")
  make_free "$idle"
  [ "$(setting_of "$idle" manager)" = "$manager" ] || on "$idle" m_forget "$idle"
  lay_side "$idle" "$1"
  # Where its caller tests the outcome, -e is off: a unit that is refused would be passed over.
  on "$idle" m_prepare "$idle"
  began=$(date +%s)
  on "$idle" m_start "$idle"
  if ! gate "$idle" "$1"; then
    ended=$(on "$idle" m_ended "$culprit" "$began")
    words=$(last_words "$idle" "$culprit" "$began")
    shut="$culprit $why${ended:+ ($ended)}"
    on "$idle" m_stop "$idle"
    wait_for 5 on "$idle" m_stopped "$idle" || :
    return 0
  fi
  keep_release "$1" "$2"
  # Enabled before it is live: a server that loses its power in between starts both, and never none.
  on "$idle" m_enable "$idle"
  swap_link "sides/$idle" live
  log "side $idle with release $1 has the traffic"
  # What is to be written down before anybody sees the new side and wonders.
  "${at_flip:-:}"
  [ "$(readlink "$root/current")" = live/release ] || swap_link live/release current
  [ -L "$root/previous" ] || swap_link live/previous previous
  # The end of the other side has systemd read anew what starts at boot.
  if [ -n "$live" ]; then put_to_rest "$live"; else systemctl daemon-reload; fi
}

# make_free SIDE: nothing of it runs any more. What an earlier change has asked to end may still finish a job.
make_free() {
  ! on "$1" m_stopped "$1" || return 0
  on "$1" m_stop "$1"
  log "waiting for side $1 to end"
  limit=$(setting_of "$1" stop_timeout)
  wait_for "$((${limit:-$stop_timeout} + 10))" on "$1" m_stopped "$1" || fail "side $1 doesn't end; $(untouched)"
}

# put_to_rest SIDE: its workers are asked to end, its backends once they have no request in flight. Doesn't wait for the end of
# what they still do.
put_to_rest() {
  on "$1" m_stop "$1" workers
  drain "$1"
  on "$1" m_stop "$1"
  on "$1" m_disable "$1"
}

# drain SIDE: waits, up to 5 s, until Caddy has no request in flight on the side's ports.
drain() {
  socket=/run/caddy/admin.sock
  [ -S "$socket" ] || return 0
  first=$(port_of "$1" 1) ports=''
  for number in 0 1 2 3 4 5 6 7; do ports="$ports|$((first + number))"; done
  deadline=$(($(uptime) + 500)) quiet=0
  # Twice: a request may just have been handed to a backend.
  while [ "$quiet" -lt 2 ] && [ "$(uptime)" -lt "$deadline" ]; do
    sleep 0.1
    upstreams=$(curl -s --max-time 1 --unix-socket "$socket" http://localhost/reverse_proxy/upstreams) || return 0
    if printf '%s' "$upstreams" | grep -qE "\"address\":\"[^\"]*:(${ports#|})\",\"num_requests\":[1-9]"; then
      quiet=0
    else
      quiet=$((quiet + 1))
    fi
  done
}

# keep_release RELEASE WHO: what brings it back, in kept/<release>.
keep_release() {
  kept_folder=$root/kept/$1
  if [ "$parts" != "$kept_folder" ]; then
    rm -rf "$kept_folder.new"
    mkdir "$kept_folder.new"
    for part in settings.sh tasks $(managed_by "$manager" m_parts); do
      [ ! -e "$parts/$part" ] || cp -R "$parts/$part" "$kept_folder.new"
    done
    [ ! -f "$kept_folder/switched" ] || cp -p "$kept_folder/switched" "$kept_folder.new"
    rm -rf "$kept_folder"
    mv "$kept_folder.new" "$kept_folder"
  fi
  # One that is live already was switched to before; of one that 0.2.0 deployed nothing says when.
  if [ "$1" = "$(release_of "$(live_side)")" ] && [ -f "$kept_folder/switched" ]; then return 0; fi
  printf 'since=%s\nwho=%s\n' "$(date +%s)" "$(word "$2")" >"$kept_folder/switched"
}

# same_parts RELEASE: what is to run is what was kept of it.
same_parts() {
  [ "$(field "$root/kept/$1/settings.sh" manager)" = "'$manager'" ] || return 1
  for part in $(managed_by "$manager" m_parts); do
    if [ -e "$parts/$part" ] || [ -e "$root/kept/$1/$part" ]; then
      diff -rq "$parts/$part" "$root/kept/$1/$part" >/dev/null 2>&1 || return 1
    fi
  done
}

# tidy SIDE: it is live and as it should be; what a change that was killed has left running on the other one ends.
tidy() {
  on "$1" m_enable "$1"
  idle=$(other_side "$1")
  if on "$idle" m_stopped "$idle"; then on "$idle" m_disable "$idle"; else put_to_rest "$idle"; fi
}
