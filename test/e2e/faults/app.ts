import { byCommand, type Fault, killed, privileged, unsandboxed } from "./fault";

const SMOKE_TEST = "app: the smoke test succeeds";
const LISTENS = "app: the application listens to nobody outside";
const SMOKE_UNIT = "$APP_NAME-smoke-test";

/** Another release that isn't the expected one, with all that was in the right one. */
const OTHER = "/srv/$APP_NAME/releases/000000000000";
const SWITCH = `cp -a "/srv/$APP_NAME/releases/$EXPECT_RELEASE" ${OTHER}; ln -sfn ${OTHER} $SIDE/release`;
const SWITCH_BACK = `ln -sfn "../../releases/$EXPECT_RELEASE" $SIDE/release`;

/** The units of all instances name another release, or the right one again. */
const inUnits = (from: string, to: string) =>
  `for unit in $UNITS; do sed -i "s/${from}/${to}/g" /etc/systemd/system/$unit.service; done
   systemctl daemon-reload; systemctl restart $UNITS; ready`;

const RUNTIME = "/opt/queuehost/node/$EXPECT_NODE_VERSION";

export const APP_FAULTS: readonly Fault[] = [
  {
    name: "a worker is stopped",
    ...byCommand("systemctl stop $WORKER", "systemctl start $WORKER; ready"),
    red: ({ worker }) => [
      SMOKE_TEST,
      `app: ${worker} doesn't restart by itself`,
      `app: ${worker} has its limits`,
      `app: ${worker} has no privileges`,
      `app: ${worker} is active and starts at boot`,
      `app: ${worker} runs the current release`,
      `app: ${worker} runs the pinned Node`,
      `env: ${worker} has what .env says`,
    ],
  },
  {
    name: "no process starts at boot",
    ...byCommand("systemctl disable -q $UNITS", "systemctl enable -q $UNITS"),
    red: ({ units }) => units.map((unit) => `app: ${unit} is active and starts at boot`),
  },
  {
    name: "the processes were killed",
    ...killed("$UNITS"),
    red: ({ units }) => units.map((unit) => `app: ${unit} doesn't restart by itself`),
  },
  {
    name: "the processes' units have no sandbox",
    ...unsandboxed("$UNITS"),
    red: ({ units }) => units.map((unit) => `app: ${unit} is sandboxed`),
  },
  {
    name: "the processes have a capability",
    ...privileged("$UNITS"),
    red: ({ units }) => units.map((unit) => `app: ${unit} has no privileges`),
  },
  {
    name: "the worker runs another Node",
    ...byCommand(
      `cp -a "${RUNTIME}" /opt/other-node
       path=$(systemctl show -P Environment $WORKER | tr ' ' '\\n' | sed -n 's/^PATH=//p')
       drop_in $WORKER "Environment=PATH=/opt/other-node/bin:$path"
       systemctl restart $WORKER; drop_out $WORKER; ready`,
      "systemctl restart $WORKER; rm -r /opt/other-node; ready",
    ),
    red: ({ worker }) => [`app: ${worker} runs the pinned Node`],
  },
  {
    name: "others than root can change Node",
    ...byCommand(`chmod o+w "${RUNTIME}"`, `chmod o-w "${RUNTIME}"`),
    red: ({ units }) => units.map((unit) => `app: ${unit} runs the pinned Node`),
  },
  {
    name: "another release is in service",
    ...byCommand(
      `${SWITCH}; ${inUnits("$EXPECT_RELEASE", "000000000000")}`,
      `${SWITCH_BACK}; ${inUnits("000000000000", "$EXPECT_RELEASE")}; rm -r ${OTHER}`,
    ),
    red: ["app: current is the expected release"],
  },
  {
    name: "the processes weren't restarted with the release",
    ...byCommand(SWITCH, `${SWITCH_BACK}; rm -r ${OTHER}`),
    red: ({ units }) => [
      "app: current is the expected release",
      ...units.map((unit) => `app: ${unit} runs the current release`),
    ],
  },
  {
    name: "a process is installed that nobody asked for",
    ...byCommand(
      `printf '[Service]\\nExecStart=/bin/true\\n' >/etc/systemd/system/$APP_NAME-worker-stray.service`,
      "rm /etc/systemd/system/$APP_NAME-worker-stray.service",
    ),
    red: ["app: no other processes of the application are installed"],
  },
  {
    name: "a process of the other side runs",
    ...byCommand(
      `printf '[Service]\\nExecStart=/bin/sleep 1000\\n' >/etc/systemd/system/$APP_NAME-worker-stray@\${IDLE}1.service
       systemctl start $APP_NAME-worker-stray@\${IDLE}1`,
      `systemctl stop $APP_NAME-worker-stray@\${IDLE}1; rm /etc/systemd/system/$APP_NAME-worker-stray@\${IDLE}1.service`,
    ),
    red: ["app: the other side is at rest"],
  },
  {
    name: "nobody knows what runs the live side",
    ...byCommand(`edit $SIDE/settings.sh /^manager=/d`, `restore $SIDE/settings.sh`),
    red: ["app: the processes are run as configured"],
  },
  {
    name: "a worker isn't the first to go when memory is short",
    ...byCommand(
      `echo 0 >/proc/$(systemctl show -P MainPID $WORKER)/oom_score_adj`,
      `echo 500 >/proc/$(systemctl show -P MainPID $WORKER)/oom_score_adj`,
    ),
    red: ({ worker }) => [`app: ${worker} has its limits`],
  },
  {
    name: "the memory of the processes has no limit",
    ...byCommand(
      "for unit in $UNITS; do systemctl set-property --runtime $unit.service MemoryMax=infinity; done",
      `for unit in $UNITS; do
         limit=$(sed -n 's/^MemoryMax=//p' /etc/systemd/system/$unit.service)
         systemctl set-property --runtime $unit.service MemoryMax=$limit
         systemctl revert -q $unit.service
       done`,
    ),
    red: ({ units }) => units.map((unit) => `app: ${unit} has its limits`),
  },
  {
    name: "a change has died half-way",
    ...byCommand(
      "printf 'who=somebody\\nwhen=1\\nwhy=deploying\\npid=4194304\\n' >/srv/$APP_NAME/lock",
      "rm /srv/$APP_NAME/lock",
    ),
    red: ["app: no change has died half-way"],
  },
  {
    name: "the files of a kept release are gone",
    ...byCommand("mkdir /srv/$APP_NAME/kept/000000000000", "rmdir /srv/$APP_NAME/kept/000000000000"),
    red: ["app: what is kept can be gone back to"],
  },
  {
    name: "everyone can read the audit log",
    ...byCommand("chmod 644 /var/log/queuehost/audit.log", "chmod 640 /var/log/queuehost/audit.log"),
    red: ["app: the audit log is for root and adm"],
  },
  {
    name: "everyone can change a file of the release",
    ...byCommand("chmod o+w /srv/$APP_NAME/current/package.json", "chmod o-w /srv/$APP_NAME/current/package.json"),
    red: ["app: only root can change the release"],
  },
  {
    name: "the smoke test fails",
    ...byCommand(`drop_in ${SMOKE_UNIT} ExecStart= ExecStart=/bin/false`, `drop_out ${SMOKE_UNIT}`),
    red: [SMOKE_TEST],
  },
  {
    name: "the smoke test has no sandbox",
    ...unsandboxed(SMOKE_UNIT),
    red: ({ worker }) => [`app: ${worker.replace(/-worker.*/, "")}-smoke-test is sandboxed`],
  },
  {
    name: "a worker is restarted while it is looked at",
    ...byCommand(
      `drop_in ${SMOKE_UNIT} "ExecStartPost=+/usr/bin/systemctl restart $WORKER"`,
      `drop_out ${SMOKE_UNIT}; ready`,
    ),
    red: ["app: the processes stayed the same meanwhile"],
  },
  {
    name: "a process of the application listens on a port that the server's firewall lets in",
    ...byCommand(
      `group=$(systemctl show -P ControlGroup $WORKER)
       for file in /sys/fs/cgroup{,/systemd}$group/cgroup.procs; do
         [ ! -e $file ] || group_file=$file
       done
       (echo $BASHPID >$group_file
         exec setpriv --reuid app --regid app --clear-groups python3 -m http.server 8083) >/dev/null 2>&1 &
       until_it "ss -Hltn 'sport = :8083' | grep -q ."
       nft insert rule inet queuehost input tcp dport 8083 accept`,
      `kill $(ss -Hltnp 'sport = :8083' | grep -o 'pid=[0-9]*' | cut -c 5-)
       systemctl reload nftables || systemctl restart nftables`,
    ),
    red: [LISTENS, "hardening: the firewall names ports 22, 80 and 443 alone"],
  },
  {
    name: "the backends hang",
    ...byCommand("systemctl kill -s STOP $BACKENDS", "systemctl kill -s CONT $BACKENDS; ready"),
    red: [
      SMOKE_TEST,
      "app: the backend answers",
      "outside: health over the proxy",
      "proxy: answers carry the id of their request",
      "proxy: answers carry the security headers",
      "proxy: answers name no software",
      "proxy: the proxy passes requests to the application",
    ],
  },
];

/** Of an application with folders that outlive a release, and a backend that listens on all addresses. */
export const SHOP_FAULTS: readonly Fault[] = [
  {
    name: "everyone may enter the lasting folders",
    only: "shop",
    ...byCommand(
      "cd /srv/$APP_NAME/shared && chmod 755 $APP_FOLDERS",
      "cd /srv/$APP_NAME/shared && chmod 750 $APP_FOLDERS",
    ),
    red: ({ folders }) => folders.map((folder) => `app: ${folder} outlives the release`),
  },
  {
    name: "a lasting folder is one of the release",
    only: "shop",
    ...byCommand(
      "cd /srv/$APP_NAME/current && rm uploads && mkdir uploads",
      "cd /srv/$APP_NAME/current && rmdir uploads && ln -s /srv/$APP_NAME/shared/uploads uploads",
    ),
    red: ["app: uploads outlives the release", SMOKE_TEST],
  },
  {
    name: "a process can't write into lasting folders that others of it use",
    only: "shop",
    ...byCommand(
      `drop_in $APP_NAME-worker-orders@\${LIVE}1 ReadOnlyPaths=/srv/$APP_NAME/shared/uploads
       drop_in $APP_NAME-worker-thumbnails@\${LIVE}1 ReadOnlyPaths=/srv/$APP_NAME/shared/exports
       systemctl restart $UNITS; ready`,
      `drop_out $APP_NAME-worker-orders@\${LIVE}1; drop_out $APP_NAME-worker-thumbnails@\${LIVE}1
       systemctl restart $UNITS; ready`,
    ),
    red: ["app: uploads is for the application alone", "app: exports is for the application alone"],
  },
  {
    name: "the server's firewall lets in to the port of the backend",
    only: "shop",
    ...byCommand(
      "nft insert rule inet queuehost input tcp dport $(sed s/PORT=// $SIDE/env) accept",
      "systemctl reload nftables || systemctl restart nftables",
    ),
    red: ["app: the application listens to nobody outside", "hardening: the firewall names ports 22, 80 and 443 alone"],
  },
];
