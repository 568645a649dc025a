import { beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES } from "../support/requires";
import { envOf } from "./support/app-server";
import { Pm2Server } from "./support/pm2-server";
import { tinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

const UNIT = "/etc/systemd/system/tiny-pm2@a.service";
const HOME = "/var/lib/tiny-pm2/a";
const ECOSYSTEM = "/srv/tiny/sides/a/ecosystem.config.js";
const again = "systemctl daemon-reload; systemctl restart tiny-pm2@a";
/** A loop that ends itself, since what never becomes true would hold the test up. */
const until = (what: string) => `for i in $(seq 300); do ! ${what} || break; sleep 0.1; done`;
const up = until("[ $(grep -c online /run/tiny-pm2-a/status.tsv) = 4 ]");

describe.skipIf(LACKS_MACHINES)("the verification of PM2 on a real machine", () => {
  useTwin((twin) => {
    let server: Pm2Server;
    beforeAll(async () => {
      server = await Pm2Server.make(twin, "pm2-faults");
      await server.app.apply(envOf());
      await server.upload();
      await server.install();
      await server.deploy(tinyRelease(twin.stateDir));
    });

    test("finds nothing wrong", async () => {
      expect(await server.red("pm2", true)).toEqual([]);
    });

    test.each([
      {
        fault: "a daemon that won't start at boot",
        make: "systemctl disable -q tiny-pm2@a",
        mend: "systemctl enable -q tiny-pm2@a",
        red: ["PM2's daemon runs and starts at boot"],
      },
      {
        fault: "a daemon that ended by itself",
        make: `systemctl kill -s KILL tiny-pm2@a; ${until("[ $(systemctl show -P NRestarts tiny-pm2@a) = 1 ]")}; ${up}`,
        mend: `${again}; ${up}`,
        red: ["PM2's daemon doesn't restart by itself"],
      },
      {
        fault: "a daemon that may gain privileges",
        make: `sed -i 's/^NoNewPrivileges=.*/NoNewPrivileges=no/; /^\\(SystemCall\\|Restrict\\|Lock\\|Private\\|Protect\\)/d' ${UNIT}; ${again}; ${up}`,
        mend: `cp /srv/tiny/kept/*/pm2/a/pm2.service ${UNIT}; ${again}; ${up}`,
        red: ["PM2's daemon has no privileges"],
      },
      {
        fault: "a daemon that talks to others",
        make: `cp ${UNIT} /root; sed -i 's#^ExecStart="[^"]*"#& "--import=data:text/javascript,import net from \\\\"node:net\\\\"; net.connect(22, \\\\"'$(hostname -I | cut -d ' ' -f 1)'\\\\")"#' ${UNIT}; ${again}; ${up}`,
        mend: `cp /root/tiny-pm2@a.service ${UNIT}; ${again}; ${up}`,
        red: ["PM2's daemon has no connection to others"],
      },
      {
        fault: "another PM2 than the installed one",
        make: "echo // >>/opt/queuehost/pm2/*/node_modules/pm2/index.js",
        mend: "sed -i '$d' /opt/queuehost/pm2/*/node_modules/pm2/index.js",
        red: ["PM2 is what was installed"],
      },
      {
        fault: "a process that somebody stopped",
        make: "pm2 stop tiny-worker-mail",
        mend: "pm2 start tiny-worker-mail",
        red: ["the command pm2 lists what the ecosystem file names"],
      },
      {
        fault: "an ecosystem file that the application can change",
        make: `chown app ${ECOSYSTEM}`,
        mend: `chown root ${ECOSYSTEM}`,
        red: ["only root can change what PM2 starts"],
      },
      {
        fault: "a home that others can enter",
        make: `chmod 755 ${HOME}`,
        mend: `chmod 700 ${HOME}`,
        red: ["PM2 obeys nobody but the application and root"],
      },
      {
        fault: "logs that others can read",
        make: `chmod 644 ${HOME}/logs/*-out.log`,
        mend: `chmod 600 ${HOME}/logs/*-out.log`,
        red: ["the logs of PM2 are shut to others"],
      },
      {
        fault: "logs that nobody cuts",
        make: "systemctl disable -q --now tiny-pm2-logs.timer",
        mend: "systemctl enable -q --now tiny-pm2-logs.timer",
        red: ["the logs of PM2 are rotated"],
      },
      {
        fault: "a log that grew",
        make: `setpriv --reuid app --regid app --clear-groups truncate -s 101M ${HOME}/logs/big.log; chmod 600 ${HOME}/logs/big.log`,
        mend: `rm ${HOME}/logs/big.log`,
        red: ["no log of PM2 outgrows its rotation"],
      },
    ])("$fault turns one check red", async ({ make, mend, red }) => {
      await server.run(make);
      expect(await server.red()).toEqual(red);
      await server.run(mend);
      expect(await server.red("pm2", true)).toEqual([]);
    });

    test("what is left of it under systemd does, too", async () => {
      expect(await server.red("systemd")).toEqual(["PM2 is not installed", "no daemon of PM2 runs"]);
    });
  });
});
