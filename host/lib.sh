# shellcheck shell=sh
# Shared by every apply.sh: what makes a change to the server repeatable and atomic.

# Bundles are unpacked under umask 077; what they put in place gets its mode from `put`, its folders from here.
umask 022

# A cut connection doesn't stop a change midway: without these two, the next line printed would end the script.
trap '' HUP PIPE

# fail REASON: the one line that the operator reads.
fail() {
  reason_of_end=$(one_line "$*")
  printf 'queuehost: %s\n' "$*" >&2
  exit 1
}

log() { printf '%s\n' "$*" 2>/dev/null || :; }

# one_line TEXT: the first line of what a program said, for a reason that has to be one line.
one_line() { printf '%s\n' "$1" | sed -n '/./ { p; q; }'; }

# alone CONCERN: waits, up to 5 minutes, until no other apply of the same concern runs. Also removes what a bundle that was killed
# left in /run an hour ago or more: it may hold secrets. From here on the end of the script is a line of the audit log.
alone() {
  audit_what=${audit_what:-"$1 $(digest)"}
  trap at_end EXIT
  find /run -maxdepth 1 -name 'queuehost.??????' -mmin +60 -exec rm -rf {} +
  exec 9>"/run/lock/queuehost-$1.lock"
  flock -w 300 9 || fail "another change of $1 has been running for 5 minutes; try again when it is over"
}

# audit WHO WHAT RESULT: appends to the log of who changed what on this server, and to the journal.
audit_log=/var/log/queuehost/audit.log
audit() {
  [ -f "$audit_log" ] || {
    install -d -m 0750 -g adm "${audit_log%/*}"
    install -m 0640 -g adm /dev/null "$audit_log"
  }
  line=$(printf '%s\t%s\t%s\t%s' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(word "$1")" "$(word "$2")" "$(word "$3")")
  printf '%s\n' "$line" >>"$audit_log"
  logger -t queuehost -- "$line" 2>/dev/null || :
}
# word TEXT: without what would begin another column or line.
word() { printf '%s' "$1" | tr '\t\n' '  '; }

# who: the one that a change of the deployment came from.
who() { printf '%s' "deploy${SSH_CONNECTION:+ from ${SSH_CONNECTION%% *}}"; }

# digest: what the bundle in this folder holds, as a name. Keyed with what root alone can read: some bundles hold passwords, and
# guesses of them are not to be tested against a log.
digest() {
  find . -type f ! -name '*.log' -print0 | sort -z | xargs -0 sha256sum | cat - /etc/ssh/ssh_host_ed25519_key 2>/dev/null |
    sha256sum | cut -c 1-12
}

# at_end: undoes what has not proved itself, removes `scratch` and gives back what `held` names, and says in the audit log how it
# ended. Callers may set audit_what, and audit_who where it wasn't the deployment.
audit_what=''
scratch=''
held=''
reason_of_end=''
at_end() {
  status=$?
  trap - EXIT
  set +e
  [ -z "$undo" ] || undo_on_exit
  rm -rf ${scratch:+"$scratch"} ${held:+"$held"}
  case $status in 0) result='done' ;; *) result="failed: ${reason_of_end:-exit code $status}" ;; esac
  audit "${audit_who:-$(who)}" "$audit_what" "$result"
  exit "$status"
}

# need_packages NAME...: installs what is missing, and nothing when all of it is there. Waits for another apt to end.
need_packages() {
  missing=''
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  log "installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  # The package lists of a new server are as old as its image.
  [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -mmin -720 -print -quit 2>/dev/null)" ] || apt_update || apt_failed update
  # shellcheck disable=SC2086 # one word a package
  apt_install $missing || { apt_update && apt_install $missing; } || apt_failed "install of$missing"
  rm -f "$apt_log"
}

apt_log=/run/queuehost-apt.log
apt_install() {
  apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -qq -y --no-install-recommends install "$@" \
    >"$apt_log" 2>&1 9>&-
}

# The time-out for locks doesn't cover the lock of the package lists, which a new server's own first update holds.
apt_update() {
  deadline=$(($(date +%s) + 300))
  until apt-get -qq update >"$apt_log" 2>&1; do
    grep -q 'Could not get lock' "$apt_log" && [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 1
  done
}

# The configuration's key goes before the reason, where the packages are of its choice: callers set apt_key.
apt_key=''
apt_failed() { fail "${apt_key:+$apt_key: }apt-get $1 failed: $(grep -m 1 '^E:' "$apt_log" || tail -n 1 "$apt_log")"; }

# put SOURCE TARGET MODE [OWNER:GROUP]: swaps TARGET for SOURCE in one step when they differ. Sets `changed` to 1 when it did
# (callers set changed=0 first), and keeps the old file as TARGET.queuehost-old (or a mark that there was none, as
# TARGET.queuehost-absent) until `settle`, for `revert`. An old file that is still there comes from a run that was killed before
# it could settle: then the target counts as changed, and what is old stays the file that last proved itself.
changed=0
swapped=''
put() {
  target=$2 mode=$3 owner=${4:-root:root}
  if [ -f "$target" ] && cmp -s "$1" "$target"; then
    [ "$(stat -c %U:%G:%a "$target")" = "$owner:${mode#0}" ] || { chown "$owner" "$target" && chmod "$mode" "$target"; }
    [ -e "$target.queuehost-old" ] || [ -e "$target.queuehost-absent" ] || return 0
  else
    mkdir -p "$(dirname "$target")"
    if [ ! -e "$target.queuehost-old" ] && [ ! -e "$target.queuehost-absent" ]; then
      if [ -e "$target" ]; then cp -a "$target" "$target.queuehost-old"; else : >"$target.queuehost-absent"; fi
    fi
    install -m "$mode" -o "${owner%:*}" -g "${owner#*:}" "$1" "$target.queuehost-new"
    mv -f "$target.queuehost-new" "$target"
  fi
  swapped="$swapped $target"
  # shellcheck disable=SC2034 # read by the callers
  changed=1
}

# take_away TARGET: removes a file that nothing needs any more, as `put` does it: `revert` brings it back.
take_away() {
  if [ -e "$1.queuehost-absent" ] || [ -e "$1.queuehost-old" ]; then rm -f "$1"; else mv "$1" "$1.queuehost-old"; fi
  swapped="$swapped $1"
}

# revert: puts back every file that `put` swapped since the last `settle`.
revert() {
  for target in $swapped; do
    if [ -e "$target.queuehost-old" ]; then mv -f "$target.queuehost-old" "$target"; else rm -f "$target"; fi
    rm -f "$target.queuehost-absent"
  done
  swapped=''
}

# settle: the change has proved itself; forgets the old files.
settle() {
  for target in $swapped; do rm -f "$target.queuehost-old" "$target.queuehost-absent"; done
  swapped=''
}

# undo_with COMMAND: from here on, however the script ends before it settles, `revert` runs and then COMMAND, which brings the
# services back to the old files.
undo=''
undo_with() {
  undo=$1
  trap at_end EXIT
  trap 'exit 143' INT TERM
}
undo_on_exit() {
  [ -n "$swapped" ] || return 0
  log 'putting the old configuration back'
  revert
  $undo >/dev/null 2>&1
}

# wait_for SECONDS COMMAND...: polls COMMAND five times a second; returns 1 when it never succeeds.
wait_for() {
  deadline=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}
