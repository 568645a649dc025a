# shellcheck shell=sh
# Shared by every apply.sh: what makes a change to the server repeatable and atomic.

# fail REASON: the one line that the operator reads.
fail() {
  printf 'queuehost: %s\n' "$*" >&2
  exit 1
}

log() { printf '%s\n' "$*"; }

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
  [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -mmin -720 -print -quit 2>/dev/null)" ] ||
    apt-get -o DPkg::Lock::Timeout=300 -qq update || fail "apt-get update failed"
  # shellcheck disable=SC2086 # one word a package
  apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -qq -y --no-install-recommends install $missing >/dev/null ||
    fail "apt-get install failed for:$missing"
}

# put SOURCE TARGET MODE [OWNER:GROUP]: swaps TARGET for SOURCE in one step when they differ. Sets `changed` to 1 when it did
# (callers set changed=0 first), and keeps the old file as TARGET.queuehost-old until `settle`, for `revert`.
changed=0
swapped=''
put() {
  target=$2 mode=$3 owner=${4:-root:root}
  if [ -f "$target" ] && cmp -s "$1" "$target"; then
    chown "$owner" "$target"
    chmod "$mode" "$target"
    return 0
  fi
  mkdir -p "$(dirname "$target")"
  rm -f "$target.queuehost-old"
  [ ! -e "$target" ] || cp -a "$target" "$target.queuehost-old"
  install -m "$mode" -o "${owner%:*}" -g "${owner#*:}" "$1" "$target.queuehost-new"
  mv -f "$target.queuehost-new" "$target"
  swapped="$swapped $target"
  # shellcheck disable=SC2034 # read by the callers
  changed=1
}

# revert: puts back every file that `put` swapped since the last `settle`.
revert() {
  for target in $swapped; do
    if [ -e "$target.queuehost-old" ]; then mv -f "$target.queuehost-old" "$target"; else rm -f "$target"; fi
  done
  swapped=''
}

# settle: the change has proved itself; forgets the old files.
settle() {
  for target in $swapped; do rm -f "$target.queuehost-old"; done
  swapped=''
}

# wait_for SECONDS COMMAND...: polls COMMAND five times a second; returns 1 when it never succeeds.
wait_for() {
  tries=$(($1 * 5))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.2
  done
}
