#!/bin/sh
# The two Redis instances and their users. Settings that Redis takes while it runs cost no connection; the others a restart.
set -eu
# shellcheck source=../lib.sh
. ./lib.sh
# shellcheck source=parts/users.sh
. parts/users.sh
# shellcheck source=parts/settings.sh
. parts/settings.sh
# shellcheck source=parts/scratch.sh
. parts/scratch.sh

# unlike_debian: Debian's own instance has no password and would hold port 6379.
unlike_debian() {
  [ "$(readlink /etc/systemd/system/redis-server.service || :)" != /dev/null ] || return 0
  systemctl disable -q --now redis-server 2>/dev/null || :
  systemctl mask -q redis-server
}

# bring_up INSTANCE: starts it, or gives it its settings while it runs, or restarts it where that isn't enough.
bring_up() {
  unit=redis-server@$1
  if [ "$restart" = 0 ] && systemctl is-active -q "$unit" && set_live "$1" && [ -z "$(differences "$1")" ]; then
    ! other_rights "$1" || rewrite
    return 0
  fi
  if other_rights "$1" && systemctl is-active -q "$unit"; then rewrite; fi
  systemctl is-enabled -q "$unit" || systemctl enable -q "$unit"
  systemctl restart "$unit" 2>/dev/null || fail "redis $1 does not start: $(journalctl -qu "$unit" -n 30 -o cat | grep -m 1 -iE 'fatal|error|bad |can.t|failed')"
  log "redis $1 (re)started"
}

back_to_old() {
  systemctl daemon-reload
  for instance in queue cache; do
    if [ -f "/etc/redis/redis-$instance.conf" ]; then
      systemctl restart "redis-server@$instance"
    else
      systemctl disable -q --now "redis-server@$instance"
    fi
  done
}

alone redis
need_packages redis-server redis-tools
unlike_debian
make_passwords
for instance in queue cache; do
  fill_in_passwords <"$instance.acl" >"$instance.acl.full"
  { same "redis-$instance.conf" "/etc/redis/redis-$instance.conf" && same "$instance.acl.full" "/etc/redis/$instance.acl"; } ||
    try_on_scratch "$instance"
done
fits_in_memory

undo_with back_to_old
put redis-server.conf /etc/systemd/system/redis-server@.service.d/queuehost.conf 644
restart=$changed
if [ "$restart" = 1 ]; then
  complaint=$(systemd-analyze verify redis-server@queue.service 2>&1 | grep queuehost.conf) && fail "systemd: $(one_line "$complaint")"
  systemctl daemon-reload
fi
put sysctl.conf /etc/sysctl.d/81-queuehost-redis.conf 644
sysctl -q -p /etc/sysctl.d/81-queuehost-redis.conf >/dev/null 2>&1 || :
for instance in queue cache; do
  install -d -o redis -g redis -m 750 "/var/lib/redis/$instance"
  put "redis-$instance.conf" "/etc/redis/redis-$instance.conf" 640 root:redis
  put "$instance.acl.full" "/etc/redis/$instance.acl" 640 root:redis
  bring_up "$instance"
  wrong=$(differences "$instance")
  [ -z "$wrong" ] || fail "redis $instance runs with other settings than it was given: $(one_line "$wrong")"
  refuses_strangers "$instance" || fail "redis $instance answers without a password"
done
settle
