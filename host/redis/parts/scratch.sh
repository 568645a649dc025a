# shellcheck shell=sh
# Redis has no way to check a file: the new one is run, unprivileged, on a socket in a folder of its own, before it counts.

same() { [ -f "$2" ] && cmp -s "$1" "$2"; }

# try_on_scratch INSTANCE: ends the script when Redis would not start with the new files, or not mean the same by them.
try_on_scratch() {
  scratch=$(mktemp -d /run/queuehost-scratch.XXXXXX)
  sed "s#^dir .*#dir $scratch#" "redis-$1.conf" >"$scratch/redis.conf"
  cp "$1.acl.full" "$scratch/users.acl"
  chown -R redis:redis "$scratch"
  setpriv --reuid redis --regid redis --clear-groups --no-new-privs redis-server "$scratch/redis.conf" --port 0 \
    --unixsocket "$scratch/sock" --aclfile "$scratch/users.acl" --daemonize no >scratch.log 2>&1 9>&- &
  pid=$!
  wait_for 10 scratch_decided
  wrong=''
  if kill -0 "$pid" 2>/dev/null; then
    wrong=$(differences "$1" "$scratch/sock" | grep -vE '^(port|unixsocket|dir|aclfile):' || :)
    kill "$pid"
    wait "$pid" || :
  else
    wrong=$(sed -n -e 's/.*# Aborting/Aborting/p' -e '/^>>>/,$ p' scratch.log | tr '\n' ' ')
  fi
  rm -rf "$scratch"
  [ -z "$wrong" ] || fail "redis $1 refuses its new settings: $(one_line "$wrong")"
}

# scratch_decided: it answers, or it is gone.
scratch_decided() { ! kill -0 "$pid" 2>/dev/null || as_operator "$scratch/sock" PING; }
