# shellcheck shell=bash
# The proxy as it runs: unit, sandbox, listeners, certificates, what it answers and what it writes to the journal.
# Expects: APP_NAME, APP_PORT, APP_HEALTH, APP_FOLDER (in the release), APP_PROCESSES (backend worker worker-mail), APP_INSTANCES
# (backend=2 worker=1), APP_STATIC (folder of static files, in APP_FOLDER, or nothing), APP_DOMAINS (host names, or nothing),
# APP_CERTIFICATES (public or internal), EXPECT_MAX_BODY (25mb).
: "${APP_NAME:?}" "${APP_PORT:?}" "${APP_HEALTH:?}" "${APP_FOLDER?}" "${APP_PROCESSES?}" "${APP_INSTANCES?}" "${APP_STATIC?}"
: "${APP_DOMAINS?}" "${APP_CERTIFICATES:?}" "${EXPECT_MAX_BODY:?}"
unit=caddy.service
case " $APP_PROCESSES " in *' backend '*) backend=yes path=$APP_HEALTH ;; *) backend='' path=/ ;; esac
files=''
[ -z "$APP_STATIC" ] || files=/srv/$APP_NAME/current${APP_FOLDER:+/$APP_FOLDER}/$APP_STATIC
# The side that is live: its first port, and all of its backend's.
first=$APP_PORT
[ ! -e "/srv/$APP_NAME/live/b" ] || first=$((APP_PORT + 8))
instances=$(grep -oE '(^| )backend=[0-9]+' <<<"$APP_INSTANCES" | cut -d= -f2)
live_ports=$(seq "$first" $((first + ${instances:-1} - 1)))
maintenance=/srv/$APP_NAME/maintenance/index.html

home=${APP_DOMAINS%% *}
base=${home:+https://$home}
base=${base:-http://127.0.0.1}
# Whatever a name server says, the names lead here.
ask=(curl -sS --connect-to '::127.0.0.1:')
root=/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt
[ "$APP_CERTIFICATES" = public ] || ask+=(--cacert "$root")

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

check 'the proxy listens on its ports and nothing else' "${home:+443 }80" \
  "$(ss -ltnpH | awk '{print $4, $6}' | grep "pid=$pid," | awk '{print $1}' | sed 's/.*://' | sort -u | xargs)"
check 'only the proxy can command the proxy' '700 caddy' "$(stat -c '%a %U' /run/caddy 2>&1)"

if [ -e "$maintenance" ]; then
  flunk 'the application is not in maintenance' "since $(date -d "@$(stat -c %Y "$maintenance")" '+%F %T'): $(sed -n 's/^why=//p' "${maintenance%/*}/.state" 2>/dev/null)"
else
  pass 'the application is not in maintenance' 'no page in its place'
fi

for domain in $APP_DOMAINS; do
  shown=$(openssl s_client -connect 127.0.0.1:443 -servername "$domain" </dev/null 2>/dev/null)
  chain=$("${ask[@]}" -o /dev/null --max-time 5 "https://$domain/.queuehost/address" 2>&1) || chain=${chain:-no answer}
  until=$(openssl x509 -noout -enddate <<<"$shown" 2>/dev/null | cut -d= -f2)
  # Those of the server's own authority live for hours, and are renewed within them.
  days=7
  [ "$APP_CERTIFICATES" = public ] || days=0
  if [ -n "$chain" ]; then
    flunk "the certificate of $domain is valid" "$chain"
  elif openssl x509 -noout -checkend $((days * 86400)) <<<"$shown" >/dev/null 2>&1; then
    pass "the certificate of $domain is valid" "until $until"
  else
    flunk "the certificate of $domain is valid" "it ends $until, and should have been renewed"
  fi
done

# A request with secrets in it: what comes back, and what is left of it.
mark=$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
since=$(date '+%F %T')
answer=$("${ask[@]}" -i --http1.1 --max-time 3 -H "Authorization: Bearer header$mark" -H "X-Request-Id: verify-$mark" "$base$path?token=query$mark" 2>&1 | tr -d '\r\0')
status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' <<<"$answer")
header() { sed -n "1,/^\$/s/^$1: //Ip" <<<"$answer"; }
if [ -n "$backend" ]; then
  own=$(curl -s -o /dev/null -w '%{http_code}' --max-time 3 "http://127.0.0.1:$first$path")
  if [ -e "$maintenance" ]; then
    check 'the proxy passes requests to the application' '503 in maintenance' "$status${status:+ in maintenance}"
    pass 'requests go to the live side alone' 'in maintenance, not looked at'
  elif [ "$own" = 000 ]; then
    flunk 'the proxy passes requests to the application' 'the application itself gives no answer'
    pass 'requests go to the live side alone' 'the application gives no answer, not looked at'
  else
    check 'the proxy passes requests to the application' "$own" "$status"
    # The connections that it keeps, for 3 s after their last request: those to a side that was live a moment ago go, and those to
    # one that it still uses come back with the next request.
    for _ in $(seq 9); do
      "${ask[@]}" -o /dev/null --max-time 3 "$base$path" 2>/dev/null
      used=$(ss -tnpH state established | grep "pid=$pid," | awk '{print $4}' | grep '^127.0.0.1:' | cut -d: -f2 | sort -un)
      strange=$(grep -vxF "$live_ports" <<<"$used" | awk -v low="$APP_PORT" '$1 >= low && $1 < low + 16' | xargs)
      [ -n "$strange" ] || break
      sleep 0.5
    done
    if [ -n "$strange" ]; then
      flunk 'requests go to the live side alone' "to port $strange; live are $(xargs <<<"$live_ports")"
    else
      pass 'requests go to the live side alone' "ports $(xargs <<<"$live_ports")"
    fi
  fi
fi
if [ -n "$files" ] && [ -e "$maintenance" ]; then
  pass 'the proxy serves the static files' 'in maintenance, not looked at'
elif [ -n "$files" ]; then
  # Any of them, with a name that is the same in a URL.
  file=$(cd "$files" 2>/dev/null && find -L . -type f -not -path '*/.*/*' -regex '\./[A-Za-z0-9_][A-Za-z0-9._/-]*' -not -name index.html | sort | head -n 1)
  served=$("${ask[@]}" --max-time 3 "$base/${file#./}" 2>/dev/null | sha256sum)
  if [ -z "$file" ]; then
    flunk 'the proxy serves the static files' "no file in $files"
  elif [ "$served" = "$(sha256sum <"$files/$file")" ]; then
    pass 'the proxy serves the static files' "/${file#./}"
  else
    flunk 'the proxy serves the static files' "/${file#./} isn't what lies in $files"
  fi
fi
if [ "${answer#HTTP}" = "$answer" ]; then
  for name in 'answers name no software' 'answers carry the security headers' 'answers carry the id of their request'; do
    flunk "$name" 'no answer'
  done
else
  none 'answers name no software' "$(grep -iE '^(server|x-powered-by|via):' <<<"$answer" | xargs)"
  missing=$(for name in x-content-type-options x-frame-options referrer-policy permissions-policy ${home:+strict-transport-security}; do
    [ -n "$(header "$name")" ] || printf '%s ' "$name"
  done)
  none 'answers carry the security headers' "${missing% }"
  check 'answers carry the id of their request' "verify-$mark" "$(header x-request-id)"
fi
size=$(numfmt --from=iec "$(tr -d B <<<"${EXPECT_MAX_BODY^^}")")
refused=$("${ask[@]}" -o /dev/null -w '%{http_code}' --max-time 3 -X POST -H 'Expect:' -H "Content-Length: $((size + 1))" --data x "$base/" 2>/dev/null)
if [ -e "$maintenance" ]; then
  pass 'bodies over the limit are refused' 'in maintenance, not looked at'
else
  check 'bodies over the limit are refused' 413 "$refused"
fi
if [ -n "$home" ]; then
  for from in "http://127.0.0.1/a?b=c" $(for domain in $APP_DOMAINS; do
    echo "http://$domain/a?b=c"
    [ "$domain" = "$home" ] || echo "https://$domain/a?b=c"
  done); do
    led=$("${ask[@]}" -o /dev/null -w '%{http_code} %{redirect_url}' --max-time 3 "$from" 2>&1)
    [ "$led" = "308 https://$home/a?b=c" ] || printf '%s: %s; ' "$from" "$led"
  done | {
    read -r astray
    none "everything else leads to https://$home" "$astray"
  }
fi

# The line is there as soon as the proxy and the journal have written it.
for _ in $(seq 50); do
  journalctl --sync 2>/dev/null
  logged=$(journalctl -q -u "$unit" --since "$since" -o cat --no-pager | grep -F "\"verify-$mark\"")
  [ -z "$logged" ] || break
  sleep 0.1
done
if [ -z "$logged" ]; then
  flunk 'requests are logged without their secrets' 'the request is not in the journal'
elif journalctl -q -u "$unit" --since "$since" -o cat --no-pager | grep -qE "(query|header)$mark"; then
  flunk 'requests are logged without their secrets' 'a query string or header is in the journal'
else
  pass 'requests are logged without their secrets' 'path without query, no headers'
fi
