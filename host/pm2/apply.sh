#!/bin/sh
# Installs PM2 where the deployment packed one: its files, the command pm2, the rotation of its logs. Otherwise takes away what there
# was of it, once nothing runs under it any more. The sides' daemons come with the releases.
# shellcheck disable=SC2154 # variables of settings.sh
set -eu
# shellcheck source=../lib.sh
. ./lib.sh
# shellcheck disable=SC1091 # rendered from settings.sh.in
. ./settings.sh

root=/opt/queuehost/pm2
command=/usr/local/bin/pm2
rotation=/etc/queuehost/pm2-logrotate.conf
units=/etc/systemd/system

# needed: the folders of PM2 that a release which is kept, or a side, would start.
needed() {
  cat "/srv/$name"/sides/?/pm2.sh "/srv/$name"/kept/*/pm2/a/pm2.sh 2>/dev/null | sed -n "s#^pm2='$root/\(.*\)'#\1#p" | sort -u
}

prune() {
  for folder in "$root"/*; do
    case ${folder##*/} in "$pm2" | '*') continue ;; esac
    needed | grep -qxF "${folder##*/}" || rm -rf "$folder"
  done
  rmdir "$root" 2>/dev/null || :
}

# unpack: as root's; the upload folder is the operator's, so that what is unpacked is the copy whose digest was checked.
unpack() {
  if (cd "$root/$pm2" 2>/dev/null && sha256sum --status -c SHA256SUMS 2>/dev/null); then return 0; fi
  packed=/srv/$name/incoming/pm2-$pm2.tgz
  [ -f "$packed" ] || fail "$packed is missing: the upload of PM2 hasn't happened"
  install -d -m 0755 /opt/queuehost "$root"
  scratch=$(mktemp -d "$root/.new.XXXXXX")
  gzip -dc "$packed" >"$scratch/tar" 2>/dev/null || fail "$packed is damaged: it is no gzip file"
  printf '%s  %s\n' "$sha256" "$scratch/tar" | sha256sum --status -c - ||
    fail "$packed is damaged: its content isn't the PM2 that was packed"
  mkdir "$scratch/pm2"
  tar -xmf "$scratch/tar" -C "$scratch/pm2" --no-same-owner
  (cd "$scratch/pm2" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$scratch/sums"
  mv "$scratch/sums" "$scratch/pm2/SHA256SUMS"
  chmod -R u=rwX,go=rX "$scratch/pm2"
  sync -f "$scratch/pm2"
  rm -rf "${root:?}/$pm2"
  mv -T "$scratch/pm2" "$root/$pm2"
  rm -rf "$scratch"
  log "PM2 $version is in place"
}

# running: some daemon of PM2 is there, or still follows a job to its end.
running() { systemctl list-units --plain --no-legend --state=active,activating,deactivating,reloading "$name-pm2@*" | grep -q .; }

take_pm2_away() {
  if ! [ -e "$command" ] && ! [ -d "$root" ]; then
    log 'there is no PM2 here'
    return 0
  fi
  ! running || wait_for 90 not_running ||
    fail "processManager: PM2 still runs; systemctl status '$name-pm2@*' shows what. Apply again once it has ended"
  systemctl disable -q --now "$name-pm2-logs.timer" 2>/dev/null || :
  rm -f "$command" "$rotation" "$units/$name"-pm2-logs.service "$units/$name"-pm2-logs.timer "$units/$name"-pm2@?.service
  systemctl daemon-reload
  prune
  log 'PM2 is gone; its logs stay'
}
not_running() { ! running; }

alone pm2
if [ -z "$pm2" ]; then
  take_pm2_away
  exit 0
fi
need_packages logrotate
unpack
undo_with 'systemctl daemon-reload'
changed=0
put pm2.sh "$command" 0755
put logrotate.conf "$rotation" 0644
problem=$(logrotate --debug "$rotation" 2>&1 | grep -m 1 '^error:') && fail "logrotate refuses its configuration: $problem"
changed=0
put logs.service "$units/$name-pm2-logs.service" 0644
put logs.timer "$units/$name-pm2-logs.timer" 0644
if [ "$changed" = 1 ]; then
  problem=$(systemd-analyze verify --recursive-errors=no "$units/$name-pm2-logs.service" 2>&1) || fail "systemd refuses a unit: $(one_line "$problem")"
  systemctl daemon-reload
fi
systemctl enable -q --now "$name-pm2-logs.timer"
settle
prune
log "PM2 $version is installed"
