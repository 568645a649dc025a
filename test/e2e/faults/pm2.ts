import { byCommand, type Fault } from "./fault";

/** Where systemd runs the processes. Those of a server with PM2 are in test/twin/pm2-faults.test.ts. */
export const PM2_FAULTS: readonly Fault[] = [
  {
    name: "the command pm2 is left",
    ...byCommand("touch /usr/local/bin/pm2", "rm /usr/local/bin/pm2"),
    red: ["pm2: PM2 is not installed"],
  },
  {
    name: "a daemon of PM2 is left",
    ...byCommand(
      `echo 'setInterval(() => {}, 1000)' >/run/daemon.cjs
       chmod 644 /run/daemon.cjs
       systemd-run -q -u stray-pm2 --uid app /opt/queuehost/node/$EXPECT_NODE_VERSION/bin/node /run/daemon.cjs stray
       until_it 'pgrep -u app -f "/node /run/daemon.cjs stray" >/dev/null'`,
      "systemctl stop stray-pm2; rm /run/daemon.cjs",
    ),
    red: ["pm2: no daemon of PM2 runs"],
  },
];
