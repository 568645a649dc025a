# shellcheck shell=bash disable=SC1091,SC2154 # the scripts of the application's bundle
# The application's processes, by the functions that change its sides.

tools=/opt/queuehost/app

live_side_of_app() {
  local side
  side=$(readlink "/srv/$name/live" 2>/dev/null) || return 0
  printf '%s' "${side##*/}"
}

# with_app SIDE COMMAND...: in a shell of its own, with the settings of what runs on that side.
with_app() (
  cd "$tools" || exit
  root=/srv/$name
  # shellcheck source=/dev/null # of the application's bundle
  for script in "$root/sides/$1/settings.sh" ./sides.sh ./gate.sh ./lock.sh ./change.sh; do . "$script"; done
  shift
  "$@"
)

# stop_app: all of its processes, on both sides, and not before they have finished what they run.
stop_app() {
  local side
  for side in a b; do
    [ ! -d "/srv/$name/sides/$side" ] || with_app "$side" on "$side" m_stop "$side"
  done
  for side in a b; do
    [ ! -d "/srv/$name/sides/$side" ] || with_app "$side" make_free "$side"
  done
}

# at_boot m_enable|m_disable: whether the live side starts with the server.
at_boot() {
  local side
  side=$(live_side_of_app)
  [ -n "$side" ] || return 0
  with_app "$side" on "$side" "$1" "$side"
  systemctl daemon-reload
}

# start_app: those of the live side, and the proof that they serve.
start_app() {
  local side
  side=$(live_side_of_app)
  [ -z "$side" ] || with_app "$side" start_and_prove "$side"
}
start_and_prove() {
  local since
  since=$(date +%s)
  on "$1" m_start "$1"
  gate "$1" "$(release_of "$1")" || fail "with it $culprit $why. Its last lines:
$(last_words "$1" "$culprit" "$since")"
}
