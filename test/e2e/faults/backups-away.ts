import { byCommand, type Fault } from "./fault";

const STATE = "/var/lib/queuehost-backup";
const CREDENTIALS = "/etc/queuehost/backups";

/** Of what is off the server; made where backups go to a folder /mnt/backups, in which the disk of /srv/disk is mounted. */
export const AWAY_FAULTS: readonly Fault[] = [
  {
    name: "the timer of the checks doesn't start at boot",
    ...byCommand(
      "systemctl disable -q queuehost-backup-check.timer",
      "systemctl enable -q queuehost-backup-check.timer",
    ),
    red: ["backups: the timer of checks off the server is active and starts at boot"],
  },
  {
    name: "nothing ships a backup by itself",
    ...byCommand(
      "mv /etc/systemd/system/queuehost-backup.service.d/ship.conf /root/; systemctl daemon-reload",
      "mv /root/ship.conf /etc/systemd/system/queuehost-backup.service.d/; systemctl daemon-reload",
    ),
    red: ["backups: each backup is shipped"],
  },
  {
    name: "a shipping failed",
    ...byCommand(
      "drop_in queuehost-backup-ship ExecStart= ExecStart=/bin/false; ! systemctl start queuehost-backup-ship 2>/dev/null",
      "drop_out queuehost-backup-ship; systemctl reset-failed queuehost-backup-ship",
    ),
    red: ["backups: the last shipping succeeded"],
  },
  {
    name: "everyone can read the password of the repository",
    ...byCommand(`chmod 644 ${CREDENTIALS}/password`, `chmod 640 ${CREDENTIALS}/password`),
    red: ["backups: credentials of backups.to are for backups alone"],
  },
  {
    name: "the password is another one",
    ...byCommand(`edit ${CREDENTIALS}/password s/^./X/`, `restore ${CREDENTIALS}/password`),
    red: ["backups: backups.to is reached and opens"],
  },
  {
    name: "the disk of the repository isn't mounted",
    ...byCommand("umount /mnt/backups", "mount --bind /srv/disk /mnt/backups"),
    red: ["backups: backups.to is reached and opens"],
  },
  {
    name: "the newest backup wasn't shipped",
    ...byCommand(
      `newest=$(ls /var/backups/queuehost | tail -n 1); cp -a ${STATE}/shipped /root/; sed -i "/^$newest/d" ${STATE}/shipped`,
      `mv /root/shipped ${STATE}/`,
    ),
    red: ["backups: the newest backup is off the server"],
  },
  {
    name: "a check found damage",
    ...byCommand(
      `cp -a ${STATE}/checked /root/; printf '%s\\tfailed\\tdamaged\\n' $(date +%s) >${STATE}/checked`,
      `mv /root/checked ${STATE}/`,
    ),
    red: ["backups: what is off the server was checked"],
  },
];
