# shellcheck shell=sh
# Redis' users. The application's password is known here by its hash alone; the others are made on this server, never leave
# it, and count for both instances.

CREDENTIALS=/etc/queuehost/credentials

make_passwords() {
  install -d -m 755 /etc/queuehost
  install -d -m 700 "$CREDENTIALS"
  for user in backup monitor operator; do
    [ ! -s "$CREDENTIALS/redis-$user" ] || continue
    od -An -N 32 -tx1 /dev/urandom | tr -d ' \n' >password
    put password "$CREDENTIALS/redis-$user" 600
  done
  settle
}

# fill_in_passwords: replaces `#-` in an ACL file by the hash of that user's password.
fill_in_passwords() {
  while IFS= read -r line; do
    case $line in
      *'#-'*)
        user=${line#user }
        hash=$(sha256sum <"$CREDENTIALS/redis-${user%% *}")
        line="${line%%#-*}#${hash%% *}${line#*#-}"
        ;;
    esac
    printf '%s\n' "$line"
  done
}

# as_operator SOCKET COMMAND...: fails when Redis answers with an error.
as_operator() {
  socket=$1
  shift
  REDISCLI_AUTH=$(cat "$CREDENTIALS/redis-operator") redis-cli -e -s "$socket" --user operator --no-auth-warning "$@"
}

refuses_strangers() {
  port=$(sed -n 's/^port //p' "redis-$1.conf")
  redis-cli -h 127.0.0.1 -p "$port" ping 2>&1 | grep -q NOAUTH
}

# other_rights INSTANCE: whether this change gives the application other rights in an instance that keeps its data.
other_rights() {
  [ "$1" = queue ] && [ -f /etc/redis/queue.acl.queuehost-old ] &&
    [ "$(rights </etc/redis/queue.acl.queuehost-old)" != "$(rights </etc/redis/queue.acl)" ]
}
rights() { sed -n 's/#[0-9a-f]*//; /^user default /p'; }

# rewrite: the queue's append-only file becomes a snapshot. When Redis starts, it does the transactions in that file, which every
# script leaves there, with the rights of the user default; what that user may not touch is left out, and a line in the journal is
# all that is said. What was written under other rights would be gone.
rewrite() {
  socket=/run/redis-queue/redis.sock
  { as_operator "$socket" BGREWRITEAOF >/dev/null && wait_for 600 rewritten; } ||
    fail 'redis queue: could not rewrite its append-only file, without which other rights would lose jobs at its next start'
}
rewritten() {
  state=$(as_operator "$socket" INFO persistence | tr -d '\r')
  case $state in *aof_rewrite_in_progress:1* | *aof_rewrite_scheduled:1*) return 1 ;; esac
  case $state in *aof_last_bgrewrite_status:ok*) ;; *) return 1 ;; esac
}
