import { byCommand, type Fault } from "./fault";

const FOLDER = "/var/backups/queuehost";
const NEWEST = `newest=$(ls ${FOLDER}/redis-*.rdb | tail -n 1)`;

export const BACKUPS_FAULTS: readonly Fault[] = [
  {
    name: "the timer of the backups doesn't start at boot",
    ...byCommand("systemctl disable -q queuehost-backup.timer", "systemctl enable -q queuehost-backup.timer"),
    red: ["backups: the timer is active and starts at boot"],
  },
  {
    name: "a backup failed",
    ...byCommand(
      "drop_in queuehost-backup ExecStart= ExecStart=/bin/false; ! systemctl start queuehost-backup 2>/dev/null",
      "drop_out queuehost-backup; systemctl reset-failed queuehost-backup",
    ),
    red: ["backups: the last run succeeded"],
  },
  {
    name: "the backups are missing",
    ...byCommand(
      `mv ${FOLDER} ${FOLDER}-elsewhere && install -d -o backup -g backup -m 700 ${FOLDER}`,
      `rm -r ${FOLDER} && mv ${FOLDER}-elsewhere ${FOLDER}`,
    ),
    // There is nothing else to look at then.
    red: ["backups: the newest backup is from the last run"],
  },
  {
    name: "old backups stay",
    ...byCommand(
      `cd ${FOLDER}; for i in $(seq 0 "$EXPECT_BACKUPS_KEEP"); do
         install -m 600 -o backup -g backup /dev/null "redis-20000101-$(printf %06d "$i").rdb"
       done`,
      `rm ${FOLDER}/redis-2000*`,
    ),
    red: ["backups: older backups are deleted"],
  },
  {
    name: "a backup isn't what its checksum says",
    ...byCommand(`${NEWEST}; edit $newest.sha256 s/^./x/`, `${NEWEST}; restore $newest.sha256`),
    red: ["backups: the newest backup has its checksum"],
  },
  {
    name: "a backup is cut off",
    ...byCommand(
      `${NEWEST}; cp -a $newest /root/whole.rdb; cp -a $newest.sha256 /root/whole.sha256
       truncate -s 20 $newest; cd ${FOLDER}; sha256sum \${newest##*/} >$newest.sha256`,
      `${NEWEST}; mv /root/whole.rdb $newest; mv /root/whole.sha256 $newest.sha256`,
    ),
    red: ["backups: the newest backup loads"],
  },
  {
    name: "everyone can read a backup",
    ...byCommand(`${NEWEST}; chmod 644 $newest`, `${NEWEST}; chmod 600 $newest`),
    red: ["backups: backups are for their user alone"],
  },
  {
    name: "everyone can look into the backups' folder",
    ...byCommand(`chmod 755 ${FOLDER}`, `chmod 700 ${FOLDER}`),
    red: ["backups: the backups' folder is for their user alone"],
  },
];
