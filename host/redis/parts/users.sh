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
