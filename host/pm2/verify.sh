# shellcheck shell=bash
# What is PM2's own where it runs the application: its daemon, the command pm2, its list, who can reach it, its logs. What it runs is
# looked at with the application. Where it isn't the process manager, that there is nothing of it.
# Expects: APP_NAME, APP_MANAGER (systemd or pm2).
name=${APP_NAME:?}
command=/usr/local/bin/pm2
rotation=/etc/queuehost/pm2-logrotate.conf

if [ "${APP_MANAGER:?}" != pm2 ]; then
  none 'PM2 is not installed' "$(find "$command" "$rotation" /etc/systemd/system/"$name"-pm2* 2>/dev/null | paste -sd ' ')"
  none 'no daemon of PM2 runs' "$(pgrep -u app -f '^/opt/queuehost/node/[^ ]*/node [^ ]*/daemon\.cjs ' | xargs)"
  exit 0
fi

side=$(readlink "/srv/$name/live")
side=${side##*/}
unit=$name-pm2@$side
home=/var/lib/$name-pm2/$side
pm2='' node=''
# shellcheck source=side.sh.in disable=SC1090,SC1091 # where it was laid out
[ ! -f "/srv/$name/sides/$side/pm2.sh" ] || . "/srv/$name/sides/$side/pm2.sh"

unit "PM2's daemon runs and starts at boot" "$unit.service"
pid=$(systemctl show -P MainPID "$unit.service")
restarts=$(systemctl show -P NRestarts "$unit.service")
age=$(ps -o etimes= -p "$pid" 2>/dev/null | xargs)
if [ "$restarts" = 0 ] || [ "${age:-0}" -ge 600 ]; then
  pass "PM2's daemon doesn't restart by itself" "$restarts restarts, running for ${age:-0} s"
else
  flunk "PM2's daemon doesn't restart by itself" "$restarts restarts, the last one ${age:-0} s ago"
fi
state=$(awk '/^(Uid|CapEff|NoNewPrivs|Seccomp):/ {print $2}' "/proc/$pid/status" 2>/dev/null | xargs)
check "PM2's daemon has no privileges" "$(id -u app) 0000000000000000 1 2" "$state"
abroad=$(ss -Htnp state established | grep "pid=$pid," | awk '{ print $4 }' | grep -vE '^(127\.|\[::1\]|\[::ffff:127\.)' | xargs)
none "PM2's daemon has no connection to others" "$abroad"

problem=$(cd "${pm2:-/nonexistent}" 2>&1 && sha256sum --quiet -c SHA256SUMS 2>&1 | head -n 1)
if [ -d "$pm2" ] && [ -z "$problem" ]; then
  pass 'PM2 is what was installed' "$pm2"
else
  flunk 'PM2 is what was installed' "${problem:-not there}"
fi

# The list as PM2 itself tells it to the user deploy, against the file that people read.
wanted=$(sed -n 's/^ *"name": "\(.*\)",*$/\1 online/p' "/srv/$name/sides/$side/ecosystem.config.js" 2>&1 | sort | xargs)
seen=$(cd / && timeout 10 runuser -u deploy -- "$command" list --mini-list 2>&1 | awk '
  /^\+--- / { process = $2 }
  $1 == "status" { print process, $3 }
  /^queuehost: / { print }' | sort | xargs)
check 'the command pm2 lists what the ecosystem file names' "$wanted" "$seen"
modes 'only root can change what PM2 starts' 'root:root 644' "/srv/$name/sides/$side/ecosystem.config.js" "/etc/systemd/system/$unit.service"
modes 'PM2 obeys nobody but the application and root' 'app:app 700' "$home"

open=$(find "$home/logs" ! -type l \( -perm /077 -o ! -user app \) 2>&1 | head -n 1)
none 'the logs of PM2 are shut to others' "$open"
unit 'the logs of PM2 are rotated' "$name-pm2-logs.timer"
problem=$(systemctl show -P Result "$name-pm2-logs.service" | grep -vx success)
[ -n "$problem" ] || problem=$(find "$home/logs" -name '*.log' -size +100M 2>/dev/null | head -n 1)
none 'no log of PM2 outgrows its rotation' "$problem"
