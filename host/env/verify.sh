# shellcheck shell=bash
# The .env as it is in force: who can read it, that the running processes have what it says, and that its secrets are nowhere
# else. Expects: APP_NAME.
name=${APP_NAME:?}
file=/srv/$name/current/backend/.env
target=/srv/$name/shared/.env

check '.env of the backend is the shared one' "$target" "$(readlink -f "$file")"
check '.env is readable by root and the application alone' '640 root:app' "$(stat -c '%a %U:%G' "$target" 2>&1)"
if setpriv --reuid nobody --regid nogroup --clear-groups cat "$file" >/dev/null 2>&1; then
  flunk 'another user is refused .env' 'nobody could read it'
else
  pass 'another user is refused .env' 'permission denied'
fi
if setpriv --reuid app --regid app --clear-groups cat "$file" >/dev/null 2>&1; then
  pass 'the application can read .env' "$file"
else
  flunk 'the application can read .env' 'permission denied'
fi
loose=$(find "/srv/$name/shared" "/srv/$name"/releases/*/backend -name '.env*' ! -type l -perm /007 2>/dev/null | head -n 1)
none 'no copy of .env is open to others' "$loose"

# pairs: KEY=value, as a shell reads them, NUL between.
# shellcheck disable=SC2016 # the inner shell's own
pairs() { env -i bash -c 'set -a; . "$1"; unset BASH_EXECUTION_STRING; env -0' - "$target" | grep -zvE '^(PWD|SHLVL|_|OLDPWD)='; }

needed='NODE_ENV HOST PORT REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_DB REDIS_CACHE_PORT QUEUE_ENABLED QUEUE_CONCURRENCY QUEUE_PREFIX STATE_DIR'
keys=$(pairs | tr '\n' ' ' | tr '\0' '\n' | sed 's/=.*//')
absent=$(for key in $needed; do grep -qx "$key" <<<"$keys" || printf '%s ' "$key"; done)
none '.env has every key the application needs' "${absent% }"

for unit in "$name-backend" "$name-worker"; do
  pid=$(systemctl show -P MainPID "$unit.service")
  if [ "$pid" = 0 ]; then
    flunk "$unit has what .env says" 'not running'
    continue
  fi
  # Only the keys are named: the values are nobody's business.
  differing=$(comm -z -23 <(pairs | sort -z) <(sort -z "/proc/$pid/environ") | tr '\n' ' ' | tr '\0' '\n' | sed 's/=.*//' | xargs)
  none "$unit has what .env says" "$differing"
done

# The password stands in .env alone: not in a command line, a unit or the journal's first pages.
secret=$(pairs | sed -zn 's/^REDIS_PASSWORD=//p' | tr -d '\0')
if [ -z "$secret" ]; then
  flunk 'the password of Redis is in no command line or unit' 'there is no password'
else
  found=$(grep -lzF -f <(printf '%s' "$secret") /proc/[0-9]*/cmdline /etc/systemd/system/*.service /etc/systemd/system/*/*.conf 2>/dev/null | head -n 3 | xargs)
  none 'the password of Redis is in no command line or unit' "$found"
fi
