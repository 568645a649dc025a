# shellcheck shell=sh
# Who is on this machine: deploy operates it (sudo, keys only), app runs the application (no login), root doesn't log in.

id deploy >/dev/null 2>&1 || useradd --create-home --shell /bin/bash deploy
id app >/dev/null 2>&1 ||
  useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app

put etc/sudoers.d/queuehost /etc/sudoers.d/queuehost 440
settle

# Hetzner makes an expired password for a server without SSH keys: cron would then refuse to run anything as root.
case $(passwd -S root) in
  'root L '*) ;;
  *) usermod --lock root ;;
esac
[ "$(awk -F : '$1 == "root" { print $3 }' /etc/shadow)" != 0 ] || chage -d -1 root
