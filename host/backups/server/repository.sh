# shellcheck shell=bash disable=SC2034,SC2154 # variables of its callers
# The repository of restic that backups go to besides this server. Callers set work, and what where.sh.in renders to.

credentials=/etc/queuehost/backups
export RESTIC_PASSWORD_FILE=$credentials/password
# How long a lock of somebody else is waited for.
patience=10m

# reach [LENT]: how restic gets there. LENT is a folder with keys of S3 that may do more than this server's own.
reach() {
  local own=${1:-$credentials}
  options=(--quiet --cache-dir "${CACHE_DIRECTORY:-$work/cache}" --cleanup-cache --retry-lock "$patience")
  case $to in
    storage-box)
      # With the server's own key the Box runs one command, whatever it is asked for.
      options+=(--repo "rclone:$box_folder" -o "rclone.program=ssh -F $credentials/ssh_config -i $credentials/key box rclone" -o 'rclone.args=serve restic --stdio')
      ;;
    s3:*)
      { read -r AWS_ACCESS_KEY_ID && read -r AWS_SECRET_ACCESS_KEY; } <"$own/s3" || fail 'backups.s3: the keys are missing'
      export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
      options+=(--repo "$to")
      ;;
    *) options+=(--repo "$to/queuehost") ;;
  esac
}

# repository SECONDS ARGUMENTS...: restic, which is ended when it takes longer (0: never), and when it tries on though that can't
# help. What it says on stderr is in $work/restic.log.
repository() {
  local deadline=$((SECONDS + $1)) limit=$1 pid status=0
  shift
  : >"$work/restic.log"
  restic "${options[@]}" "$@" 2>"$work/restic.log" 9>&- &
  pid=$!
  restic_pid=$pid
  while kill -0 "$pid" 2>/dev/null; do
    if [ "$limit" != 0 ] && [ "$SECONDS" -gt "$deadline" ]; then
      printf 'no answer within %s s\n' "$limit" >>"$work/restic.log"
      kill "$pid" 2>/dev/null || :
      break
    fi
    if [ -s "$work/restic.log" ] && grep -qEi "$HOPELESS" "$work/restic.log"; then
      kill "$pid" 2>/dev/null || :
      break
    fi
    sleep 0.1
  done
  wait "$pid" || status=$?
  restic_pid=''
  return "$status"
}

# What restic would try for a quarter of an hour: the next run does.
FULL='no space left on device|disk quota exceeded|insufficient storage|too big for remaining disk space'
# What a Storage Box says of a file that a cut has left there in part: another try has another name.
PARTIAL='refusing to overwrite in append-only mode'
NAMELESS='no such host|could not resolve hostname|server misbehaving|name resolution'
STRANGER='host key verification failed|remote host identification has changed'
REFUSED='permission denied \(publickey|access key id|signature we calculated|access ?denied|403 forbidden'
BUCKETLESS='bucket does not exist'
SILENT='connection (refused|timed out|reset)|operation timed out|no route to host|network is unreachable|i/o timeout'
HOPELESS="$FULL|$NAMELESS|$STRANGER|$REFUSED|$BUCKETLESS"

# why_not STATUS: why restic failed, as one line.
why_not() {
  local log=$work/restic.log
  said() { grep -qEi "$1" "$log"; }
  if said "$STRANGER"; then
    printf 'the host key of %s is not storageBox.hostKey: either it was changed, or that is another machine' "$place"
  elif said "$FULL"; then
    printf '%s is full' "$place"
  elif said "$NAMELESS"; then
    printf '%s can not be found: its name is not known to DNS' "$place"
  elif said "$PARTIAL"; then
    printf '%s did not take a file whole; the next run sends it anew: %s' "$place" "$(sed -n 's/.*Post request [a-z]* error: //p' "$log" | tail -n 1)"
  elif said "$REFUSED"; then
    case $to in
      s3:*) printf '%s refuses backups.s3.accessKeyId and backups.s3.secretAccessKey' "$place" ;;
      storage-box)
        if said publickey; then printf "%s refuses the server's key" "$place"; else printf '%s lets this server add, and not delete' "$place"; fi
        ;;
      *) printf '%s may not be written: %s' "$place" "$(last_words)" ;;
    esac
  elif said "$BUCKETLESS"; then
    printf '%s: there is no such bucket; make it first' "$place"
  elif said "$SILENT"; then
    printf '%s does not answer: %s' "$place" "$(grep -oEim 1 "$SILENT" "$work/restic.log")"
  elif [ "$1" = 12 ] || said 'wrong password or no key found'; then
    printf 'backups.password: does not open the repository at %s; it was made with another one' "$place"
  elif [ "$1" = 10 ]; then
    printf 'there is no repository at %s any more; is it mounted?' "$place"
  elif [ "$1" = 11 ] || said 'already locked'; then
    printf '%s is in use: %s; waited for %s, and tried again with the next run' "$place" "$(locked_by)" "$patience"
  else
    printf '%s: %s' "$place" "$(last_words)"
  fi
}
# last_words: what restic tried in vain, or ended with, without what stands before each of its lines.
last_words() {
  { sed -n 's/.* returned error, retrying after [^:]*: //p' "$work/restic.log" | grep . || grep . "$work/restic.log" || printf nothing; } |
    sed -E '$!d; s/^\{.*"message":"([^"\\]*).*/\1/; s/^(Fatal: )+//; s/^rclone: [0-9/]+ [0-9:]+ //' | cut -c 1-200
}
# locked_by: locked by PID 17 on web by backup (UID 34, GID 34), 3m0s ago
locked_by() {
  printf '%s, %s' "$(grep -oEm 1 'locked (exclusively )?by PID [0-9]+ on [^ ]+' "$work/restic.log" || printf 'locked by another run')" \
    "$(sed -n 's/.*lock was created at .*(\(.* ago\)).*/\1/p' "$work/restic.log" | head -n 1)"
}

# snapshots: a line for each: id of the set, snapshot, bytes, `here` where this server made it and `elsewhere` otherwise; the newest
# set first.
snapshots() {
  repository "${1:-30}" snapshots --no-lock --json --host "$from" >"$work/snapshots.json" || return
  jq -r --arg machine "machine=$(machine)" '.[]
    | ([.tags[]? | select(test("^[0-9]{8}-[0-9]{6}$"))] | first) as $id | select($id)
    | [$id, .short_id, (.summary.total_bytes_processed // 0), (if (.tags | index($machine)) then "here" else "elsewhere" end)]
    | @tsv' "$work/snapshots.json" | tac | sort -s -r -u -k 1,1
}
# machine: a name of this installation, which a server that is made anew hasn't.
machine() { sha256sum </etc/machine-id | cut -c 1-12; }
