#!/bin/sh
# On the bench's server: the backend of the release in service, as people run it without queuehost, on port 3900 behind a Caddy
# that only passes requests on. Workers stay where they are. Usage: plain.sh caddy | pm2 ARGUMENT... | start-pm2 | start-unit
set -eu
port=3900
release=$(readlink -f /srv/queuehost/current)
node=$(find /opt/queuehost/node -path '*/bin/node' | sort | tail -n 1)

pm2() {
  install -d -o app -g app /run/plain
  program=$(find /opt/queuehost/pm2 -path '*/node_modules/pm2/bin/pm2' | head -n 1)
  setpriv --reuid app --regid app --clear-groups env -i PATH="$(dirname "$node"):/usr/bin:/bin" HOME=/run/plain \
    PM2_HOME=/run/plain/pm2 PORT="$port" STATE_DIR=/var/lib/queuehost "$node" "$program" "$@" >/dev/null
}

verb=$1
shift
case $verb in
  caddy)
    printf '{\n\tadmin unix//run/caddy/admin.sock\n}\nhttp://:80 {\n\treverse_proxy 127.0.0.1:%s\n}\n' "$port" >/etc/caddy/Caddyfile
    systemctl reload caddy
    ;;
  pm2) pm2 "$@" ;;
  start-pm2)
    cd "$release"
    pm2 start backend/main.cjs --name plain --instances 2
    ;;
  start-unit)
    pm2 kill
    systemd-run --quiet --unit plain --uid app --gid app --setenv "PORT=$port" --setenv STATE_DIR=/var/lib/queuehost \
      --working-directory "$release" "$node" backend/main.cjs
    ;;
esac
