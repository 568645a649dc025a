# shellcheck shell=sh disable=SC2154 # keys_changed is set by sshd.sh
# A key that was taken out ends the sessions that it opened, with all that runs in them. Which key opened a session only sshd's
# log says; where that is gone, it counts as one that was taken out now.

# is_own PID: this very connection hangs on it.
is_own() {
  own=$$
  while [ "$own" -gt 1 ]; do
    [ "$own" != "$1" ] || return 0
    own=$(awk '/^PPid:/ { print $2 }' "/proc/$own/status")
  done
  return 1
}

# key_of PID: fingerprint of the key with which a session was opened.
key_of() {
  journalctl -q -b "_PID=$1" -o cat --no-pager 2>/dev/null |
    sed -n 's/^Accepted publickey for deploy .*\(SHA256:[^ ]*\).*/\1/p' | tail -n 1
}

# below PID: all processes that descend from it.
below() {
  for child in $(pgrep -P "$1"); do
    echo "$child"
    below "$child"
  done
}

# end_session PID: at once, and with what runs in the background. What has lost its parents only logind still knows.
end_session() {
  scope=$(sed -n 's|.*/\(session-[^/]*\.scope\)$|\1|p' "/proc/$1/cgroup" 2>/dev/null)
  # shellcheck disable=SC2046 # one word a process
  kill -KILL $(below "$1") 2>/dev/null || :
  kill "$1" 2>/dev/null || :
  [ -z "$scope" ] || systemctl kill --signal=KILL "$scope" 2>/dev/null || :
}

journalctl --sync 2>/dev/null || :
known=$(ssh-keygen -lf /etc/ssh/authorized_keys.d/deploy | awk '{ print $2 }')
for session in $(pgrep -u root -f '^sshd(-session)?: deploy \[priv\]'); do
  ! is_own "$session" || continue
  key=$(key_of "$session")
  if [ -n "$key" ]; then
    ! printf '%s\n' "$known" | grep -qxF "$key" || continue
  else
    [ "$keys_changed" = 1 ] || continue
  fi
  end_session "$session"
  log "ended a session of deploy: its key is no longer there${key:+ ($key)}"
done
