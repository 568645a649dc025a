import { byCommand, type Fault } from "./fault";

const FOLDER = "/var/backups/queuehost";
const NEWEST = `newest=$(ls -d ${FOLDER}/2*-* | tail -n 1)`;
/** A file of the newest set is spoilt, and its checksum says so as well: only what tries it finds out. */
const spoilt = (file: string, how: string) =>
  byCommand(
    `${NEWEST}; cp -a $newest /root/whole-set; ${how} $newest/${file}; cd $newest; rm SHA256SUMS; sha256sum * >/root/sums
     install -m 600 -o backup -g backup /root/sums SHA256SUMS`,
    `${NEWEST}; rm -r $newest; mv /root/whole-set $newest; rm /root/sums`,
  );

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
         install -d -m 700 -o backup -g backup "20000101-$(printf %06d "$i")"
         install -m 600 -o backup -g backup /dev/null "20000101-$(printf %06d "$i")/manifest"
       done`,
      `rm -r ${FOLDER}/2000*`,
    ),
    red: ["backups: older backups are deleted"],
  },
  {
    name: "a backup isn't what its checksums say",
    ...byCommand(`${NEWEST}; edit $newest/SHA256SUMS s/^./x/`, `${NEWEST}; restore $newest/SHA256SUMS`),
    red: ["backups: the newest backup can be restored"],
  },
  {
    name: "a backup is cut off",
    ...spoilt("redis.rdb", "truncate -s 20"),
    red: ["backups: the newest backup can be restored"],
  },
  {
    name: "a backup lacks the .env",
    ...byCommand(`${NEWEST}; mv $newest/env.age /root/`, `${NEWEST}; mv /root/env.age $newest/`),
    red: ["backups: the newest backup can be restored", "backups: the newest backup has all parts"],
  },
  {
    name: "everyone can read a backup",
    ...byCommand(`${NEWEST}; chmod 644 $newest/redis.rdb`, `${NEWEST}; chmod 600 $newest/redis.rdb`),
    red: ["backups: backups are for their user alone"],
  },
  {
    name: "everyone can look into the backups' folder",
    ...byCommand(`chmod 755 ${FOLDER}`, `chmod 700 ${FOLDER}`),
    red: ["backups: the backups' folders are for their user alone"],
  },
  {
    name: "a restore was killed",
    ...byCommand("mkdir /var/lib/redis/queue.before", "rmdir /var/lib/redis/queue.before"),
    red: ["backups: no restore is unfinished"],
  },
  {
    name: "the disk has no room for another backup",
    ...byCommand(
      `cp -a ${FOLDER} /root/sets; mount -t tmpfs -o size=60m,mode=700,uid=backup,gid=backup tmpfs ${FOLDER}
       cp -a /root/sets/. ${FOLDER}`,
      `umount ${FOLDER}; rm -r /root/sets`,
    ),
    red: ["backups: there is room for the next backup"],
  },
];
