import { quote } from "../../../scripts/verification/script";
import type { Deployment } from "../../support/deployment";
import type { AppName } from "../apps";

/** What the checks' names depend on. */
export interface About {
  readonly app: AppName;
  /** Its processes as the checks call them, `<name>-<process>`; workers come after the backend. */
  readonly units: readonly string[];
  readonly backend: string;
  /** One of its groups of workers, with one instance. */
  readonly worker: string;
  /** The folders that outlive a release. */
  readonly folders: readonly string[];
}

/** A fault that is made on a running deployment, the checks that have to turn red, and the way back. */
export interface Fault {
  readonly name: string;
  /** The one application that it is made on; without it, each. */
  readonly only?: AppName;
  readonly make: (deployment: Deployment) => Promise<unknown>;
  readonly mend: (deployment: Deployment) => Promise<unknown>;
  /** All that turns red, and nothing else. */
  readonly red: readonly string[] | ((about: About) => readonly string[]);
}

export async function aboutOf(app: AppName, deployment: Deployment): Promise<About> {
  const { APP_NAME = "", APP_PROCESSES = "", APP_FOLDERS = "" } = (await deployment.subject()).expected;
  const units = words(APP_PROCESSES).map((process) => `${APP_NAME}-${process}`);
  const [backend = "", worker = ""] = units;
  return { app, units, backend, worker, folders: words(APP_FOLDERS) };
}

const words = (text: string) => text.split(" ").filter((word) => word !== "");

/**
 * A command on the server. It has the variables of the verification (APP_NAME, APP_PORT ...), LIVE and IDLE (the sides), UNITS and
 * BACKENDS (all instances of the live side), WORKER (one), SIDE (the live side's folder), and functions: `until_it COMMAND` waits forty seconds for a command to succeed, `ready` for all of the application, `drop_in UNIT
 * LINE...` and `drop_out UNIT` change a unit, and `edit FILE SED` and `restore FILE` a file.
 */
export const onServer = (command: string) => async (deployment: Deployment) => {
  const { expected } = await deployment.subject();
  const { backend, worker } = await aboutOf("reference", deployment);
  const lines = Object.entries(expected).map(([name, value]) => `${name}=${quote(value)}`);
  lines.push(
    "LIVE=$(basename $(readlink /srv/$APP_NAME/live)); SIDE=/srv/$APP_NAME/sides/$LIVE",
    "case $LIVE in a) IDLE=b ;; *) IDLE=a ;; esac",
    `WORKER=${worker}@\${LIVE}1`,
    "units() { for unit in /etc/systemd/system/$1@$LIVE?.service; do basename $unit .service; done | xargs; }",
    `BACKENDS=$(units ${backend}); UNITS=$(units "$APP_NAME-*")`,
  );
  return deployment.onServer([...lines, FUNCTIONS, command].join("\n"));
};

const FUNCTIONS = `
until_it() {
  for _ in $(seq 400); do ! eval "$1" || return 0; sleep 0.1; done
  echo "never: $1"
  return 1
}
ready() {
  until_it 'systemctl -q is-active $UNITS'
  for number in $(seq $(wc -w <<<"$BACKENDS")); do
    until_it "curl -fso /dev/null --max-time 2 http://127.0.0.1:$(($(sed s/PORT=// $SIDE/env) + number - 1))$APP_HEALTH"
  done
}
drop_in() {
  file=/etc/systemd/system/$1.service.d/zz-fault.conf
  mkdir -p "\${file%/*}"
  shift
  printf '%s\\n' '[Service]' "$@" >"$file"
  systemctl daemon-reload
}
drop_out() {
  rm "/etc/systemd/system/$1.service.d/zz-fault.conf"
  rmdir --ignore-fail-on-non-empty "/etc/systemd/system/$1.service.d"
  systemctl daemon-reload
}
edit() { cp -a "$1" "$1.before-fault"; sed -Ei "$2" "$1"; }
restore() { mv "$1.before-fault" "$1"; }
`;

/** A fault that is made by one command on the server, and mended by another. */
export const byCommand = (make: string, mend: string) => ({ make: onServer(make), mend: onServer(mend) });

const each = (units: string, command: string) => `for unit in ${units}; do ${command}; done`;

/** Units whose sandbox is open; systemd judges what is written, whether it runs so or not. */
export const unsandboxed = (units: string) =>
  byCommand(
    each(
      units,
      "drop_in $unit PrivateDevices=no ProtectSystem=no ProtectHome=no PrivateUsers=no ProtectKernelModules=no",
    ),
    each(units, "drop_out $unit"),
  );

/** Processes that were started with a right which their units don't give them any more. */
export const privileged = (units: string) =>
  byCommand(
    `${each(units, "drop_in $unit CapabilityBoundingSet=CAP_SYS_PTRACE AmbientCapabilities=CAP_SYS_PTRACE")}
     systemctl restart ${units}; ${each(units, "drop_out $unit")}; ready`,
    `systemctl restart ${units}; ready`,
  );

/** Processes that were killed and came back by themselves. */
export const killed = (units: string) =>
  byCommand(
    `systemctl kill -s KILL ${units}
     ${each(units, `until_it '[ "$(systemctl show -P NRestarts $unit)" = 1 ]'`)}; ready`,
    `systemctl restart ${units}; ready`,
  );
