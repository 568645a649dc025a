# shellcheck shell=sh
# Updates, time, logs, kernel settings and the modes of a few files.

for file in issue issue.net security/limits.d/queuehost.conf modprobe.d/queuehost.conf apt/apt.conf.d/52queuehost; do
  put "etc/$file" "/etc/$file" 644
done
{ grep -v '^UMASK[[:blank:]]' /etc/login.defs && echo 'UMASK 027'; } >login.defs
put login.defs /etc/login.defs 644
settle

changed=0
put etc/systemd/journald.conf.d/queuehost.conf /etc/systemd/journald.conf.d/queuehost.conf 644
[ "$changed" = 0 ] || systemctl restart systemd-journald
changed=0
put etc/systemd/system.conf.d/queuehost.conf /etc/systemd/system.conf.d/queuehost.conf 644
[ "$changed" = 0 ] || systemctl daemon-reexec
put etc/sysctl.d/80-queuehost.conf /etc/sysctl.d/80-queuehost.conf 644
settle
sysctl -q -p /etc/sysctl.d/80-queuehost.conf >/dev/null 2>&1 || :

# One clock discipline is enough; which one doesn't matter. In a container it is the host's, and these stay inactive.
systemctl is-active -q chrony ntpsec systemd-timesyncd || {
  need_packages systemd-timesyncd
  systemctl is-enabled -q systemd-timesyncd || systemctl enable -q systemd-timesyncd
  systemctl start systemd-timesyncd
}
systemctl is-enabled -q apt-daily.timer apt-daily-upgrade.timer || systemctl enable -q --now apt-daily.timer apt-daily-upgrade.timer

for path in /etc/crontab /etc/ssh/sshd_config /boot/grub/grub.cfg; do [ ! -f "$path" ] || chmod 600 "$path"; done
for path in /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/sudoers.d; do
  [ ! -d "$path" ] || chmod 700 "$path"
done
