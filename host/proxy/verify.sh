# shellcheck shell=bash
# The proxy as it runs: unit, sandbox, listeners, what it answers and what it writes to the journal.
# Expects: APP_NAME, APP_PORT, APP_HEALTH, APP_FOLDER (in the release), APP_PROCESSES (backend worker worker-mail), APP_STATIC
# (folder of static files, in APP_FOLDER, or nothing).
: "${APP_NAME:?}" "${APP_PORT:?}" "${APP_HEALTH:?}" "${APP_FOLDER?}" "${APP_PROCESSES?}" "${APP_STATIC?}"
unit=caddy.service
case " $APP_PROCESSES " in *' backend '*) backend=yes path=$APP_HEALTH ;; *) backend='' path=/ ;; esac
files=''
[ -z "$APP_STATIC" ] || files=/srv/$APP_NAME/current${APP_FOLDER:+/$APP_FOLDER}/$APP_STATIC

show() { systemctl show -P "$1" "$unit"; }

check 'the proxy is active and starts at boot' 'active enabled' "$(show ActiveState) $(show UnitFileState)"
restarts=$(show NRestarts)
age=$(($(date +%s) - $(date -d "$(show ExecMainStartTimestamp)" +%s 2>/dev/null || date +%s)))
if [ "$restarts" = 0 ] || [ "$age" -ge 600 ]; then
  pass "the proxy doesn't restart by itself" "$restarts restarts, running for $age s"
else
  flunk "the proxy doesn't restart by itself" "$restarts restarts, the last one $age s ago"
fi
score=$(systemd-analyze security --no-pager "$unit" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
if [ "${score/./}" -le 11 ] 2>/dev/null; then
  pass 'the proxy is sandboxed' "exposure level $score"
else
  flunk 'the proxy is sandboxed' "exposure level ${score:-unknown}, expected at most 1.1"
fi
pid=$(show MainPID)
state=$(awk '/^(Uid|CapEff|NoNewPrivs|Seccomp):/ {print $2}' "/proc/$pid/status" 2>/dev/null | xargs)
check 'the proxy has no privileges' "$(id -u caddy) 0000000000000000 1 2" "$state"

check 'the proxy listens on port 80 and nothing else' '80' \
  "$(ss -ltnpH | awk '{print $4, $6}' | grep "pid=$pid," | awk '{print $1}' | sed 's/.*://' | sort -u | xargs)"
check 'only the proxy can command the proxy' '700 caddy' "$(stat -c '%a %U' /run/caddy 2>&1)"

# A request with secrets in it: what comes back, and what is left of it.
mark=$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
since=$(date '+%F %T')
answer=$(curl -sS -i --max-time 3 -H "Authorization: Bearer header$mark" "http://127.0.0.1$path?token=query$mark" 2>&1 | tr -d '\r\0')
status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' <<<"$answer")
if [ -n "$backend" ]; then
  own=$(curl -s -o /dev/null -w '%{http_code}' --max-time 3 "http://127.0.0.1:$APP_PORT$path")
  if [ "$own" = 000 ]; then
    flunk 'the proxy passes requests to the application' 'the application itself gives no answer'
  else
    check 'the proxy passes requests to the application' "$own" "$status"
  fi
fi
if [ -n "$files" ]; then
  # Any of them, with a name that is the same in a URL.
  file=$(cd "$files" 2>/dev/null && find -L . -type f -not -path '*/.*/*' -regex '\./[A-Za-z0-9_][A-Za-z0-9._/-]*' -not -name index.html | sort | head -n 1)
  served=$(curl -s --max-time 3 "http://127.0.0.1/${file#./}" | sha256sum)
  if [ -z "$file" ]; then
    flunk 'the proxy serves the static files' "no file in $files"
  elif [ "$served" = "$(sha256sum <"$files/$file")" ]; then
    pass 'the proxy serves the static files' "/${file#./}"
  else
    flunk 'the proxy serves the static files' "/${file#./} isn't what lies in $files"
  fi
fi
if [ "${answer#HTTP}" = "$answer" ]; then
  flunk 'answers name no software' 'no answer'
  flunk 'answers carry the security headers' 'no answer'
else
  none 'answers name no software' "$(grep -iE '^(server|x-powered-by|via):' <<<"$answer" | xargs)"
  missing=$(for header in x-content-type-options x-frame-options referrer-policy permissions-policy; do
    grep -qi "^$header: " <<<"$answer" || printf '%s ' "$header"
  done)
  none 'answers carry the security headers' "${missing% }"
fi

# Without a fixed wait: the line is there as soon as the proxy and the journal have written it.
for _ in $(seq 20); do
  logged=$(journalctl -q -u "$unit" --since "$since" -o cat --no-pager | grep '"msg":"handled request"' | grep -F "\"$path?")
  [ -z "$logged" ] || break
  sleep 0.05
done
if [ -z "$logged" ]; then
  flunk 'requests are logged without their secrets' 'the request is not in the journal'
elif journalctl -q -u "$unit" --since "$since" -o cat --no-pager | grep -q "$mark"; then
  flunk 'requests are logged without their secrets' 'a query string or header is in the journal'
else
  pass 'requests are logged without their secrets' 'path without query, no headers'
fi
