import { byCommand, type Fault, killed, privileged, unsandboxed } from "./fault";

const SMOKE_TEST = "app: the smoke test succeeds";
const LISTENS = "app: the application listens to nobody outside";
const SMOKE_UNIT = "$APP_NAME-smoke-test";

/** Another release that isn't the expected one, with all that was in the right one. */
const OTHER = "/srv/$APP_NAME/releases/000000000000";
const SWITCH = `cp -a "/srv/$APP_NAME/releases/$EXPECT_RELEASE" ${OTHER}; ln -sfn ${OTHER} "/srv/$APP_NAME/current"`;
const SWITCH_BACK = `ln -sfn "releases/$EXPECT_RELEASE" "/srv/$APP_NAME/current"`;

const RUNTIME = "/opt/queuehost/node/$EXPECT_NODE_VERSION";

export const APP_FAULTS: readonly Fault[] = [
  {
    name: "a worker is stopped",
    ...byCommand("systemctl stop $WORKER", "systemctl start $WORKER; ready"),
    red: ({ worker }) => [
      SMOKE_TEST,
      `app: ${worker} doesn't restart by itself`,
      `app: ${worker} has no privileges`,
      `app: ${worker} is active and starts at boot`,
      `app: ${worker} runs the current release`,
      `app: ${worker} runs the pinned Node`,
      "app: the processes stayed the same meanwhile",
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
      `${SWITCH}; systemctl restart $UNITS; ready`,
      `${SWITCH_BACK}; systemctl restart $UNITS; rm -r ${OTHER}; ready`,
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
    name: "the backend hangs",
    ...byCommand("systemctl kill -s STOP $BACKEND", "systemctl kill -s CONT $BACKEND; ready"),
    red: [
      SMOKE_TEST,
      "app: the backend answers",
      "outside: health over the proxy",
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
      `drop_in $APP_NAME-worker-orders ReadOnlyPaths=/srv/$APP_NAME/shared/uploads
       drop_in $APP_NAME-worker-thumbnails ReadOnlyPaths=/srv/$APP_NAME/shared/exports
       systemctl restart $UNITS; ready`,
      `drop_out $APP_NAME-worker-orders; drop_out $APP_NAME-worker-thumbnails; systemctl restart $UNITS; ready`,
    ),
    red: ["app: uploads is for the application alone", "app: exports is for the application alone"],
  },
  {
    name: "the server's firewall lets in to the port of the backend",
    only: "shop",
    ...byCommand(
      "nft insert rule inet queuehost input tcp dport $APP_PORT accept",
      "systemctl reload nftables || systemctl restart nftables",
    ),
    red: ["app: the application listens to nobody outside", "hardening: the firewall names ports 22, 80 and 443 alone"],
  },
];
