# shellcheck shell=bash
# The .env as it is in force: who can read it, that the running processes have what it says, and that its secrets are nowhere
# else. Expects: APP_NAME, APP_FOLDER (in the release), APP_INSTANCES (backend=2 worker=1), EXPECT_POSTGRES (yes or nothing).
name=${APP_NAME:?}
: "${APP_FOLDER?}" "${APP_INSTANCES?}" "${EXPECT_POSTGRES?}"
file=/srv/$name/current${APP_FOLDER:+/$APP_FOLDER}/.env
target=/srv/$name/shared/.env

check '.env of the application is the shared one' "$target" "$(readlink -f "$file")"
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

# pairs: KEY=value, as a shell reads them, NUL between.
# shellcheck disable=SC2016 # the inner shell's own
pairs() { env -i bash -c 'set -a; . "$1"; unset BASH_EXECUTION_STRING; env -0' - "$target" | grep -zvE '^(PWD|SHLVL|_|OLDPWD)='; }

needed='NODE_ENV HOST PORT REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_DB REDIS_CACHE_PORT REDIS_URL QUEUE_ENABLED QUEUE_CONCURRENCY QUEUE_PREFIX STATE_DIR'
[ -z "$EXPECT_POSTGRES" ] || needed="$needed DATABASE_URL"
keys=$(pairs | tr '\n' ' ' | tr '\0' '\n' | sed 's/=.*//')
absent=$(for key in $needed; do grep -qx "$key" <<<"$keys" || printf '%s ' "$key"; done)
none '.env has every key the application needs' "${absent% }"

# What runs on the live side, a line each: name, process id.
look=''
if cd /opt/queuehost/app 2>/dev/null; then
  root=/srv/$name
  # shellcheck source=../app/sides.sh
  . ./sides.sh
  live=$(live_side)
  look=$(on "$live" m_look "$live")
fi
# Some a process has of its own: its port, and what the configuration says of it alone.
own='^(PORT|QUEUES|QUEUE_CONCURRENCY)$'
for wanted in $APP_INSTANCES; do
  process=${wanted%=*} differing=''
  pids=$(awk -v prefix="$name-$process@" 'index($1, prefix) == 1 && $2 > 0 { print $2 }' <<<"$look")
  for pid in $pids; do
    # Only the keys are named: the values are nobody's business.
    differing="$differing $(comm -z -23 <(pairs | sort -z) <(sort -z "/proc/$pid/environ") | tr '\n' ' ' | tr '\0' '\n' | sed 's/=.*//' | grep -vE "$own" | xargs)"
  done
  if [ "$(grep -c . <<<"$pids")" != "${wanted#*=}" ]; then
    flunk "$name-$process has what .env says" 'not running'
  else
    none "$name-$process has what .env says" "$(xargs <<<"$differing")"
  fi
done

# The password stands in .env alone, as it is and as a URL writes it: not in a copy, a command line or a unit.
# A release may bring files of that name with the packages that it is made of; those hold nothing of ours.
value() { pairs | sed -zn "s/^$1=//p" | tr -d '\0'; }
secret=$(value REDIS_PASSWORD)
in_url=$(value REDIS_URL | sed -n 's#^rediss\{0,1\}://[^:/@]*:\([^@]*\)@.*#\1#p')
secrets() { printf '%s\n' "$secret" "$in_url" | grep .; }
if [ -z "$secret" ]; then
  flunk 'no copy of .env is open to others' 'there is no password'
  flunk 'the password of Redis is in no command line or unit' 'there is no password'
else
  copies=$({
    find "/srv/$name/shared" -maxdepth 1 -name '.env*' ! -type l -perm /007
    find "/srv/$name/releases" -name node_modules -prune -o -name '.env*' -type f -perm /007 -exec grep -lF -f <(secrets) {} +
  } 2>/dev/null | head -n 1)
  none 'no copy of .env is open to others' "$copies"
  found=$(grep -lzF -f <(secrets) /proc/[0-9]*/cmdline /etc/systemd/system/*.service /etc/systemd/system/*/*.conf 2>/dev/null | head -n 3 | xargs)
  none 'the password of Redis is in no command line or unit' "$found"
fi
