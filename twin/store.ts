import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ownAddresses } from "./primary-ips";
import { emptyState, type State } from "./state";

const FILE = "state.json";
/** Finished actions that are still answered; the real API keeps them for weeks. */
const KEPT_ACTIONS = 1000;

/** The twin's memory: one JSON file, replaced in one step, readable by its owner alone (user data holds private keys). */
export class Store {
  private constructor(
    readonly folder: string,
    readonly state: State,
  ) {}

  /** Opens the state in `folder`, which is made when missing. Throws one line when the file is damaged. */
  static open(folder: string): Store {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, FILE);
    if (!existsSync(path)) return new Store(folder, emptyState());
    let state: State;
    try {
      state = JSON.parse(readFileSync(path, "utf8")) as State;
    } catch (error) {
      throw new Error(
        `${path}: not readable as the twin's state (${(error as Error).message}); move it away to start empty`,
      );
    }
    if (state.version !== 1)
      throw new Error(`${path}: expected version 1, got ${state.version}; move it away to start empty`);
    // What an earlier twin knew nothing of is empty; Primary IPs lived and died with their servers there.
    const older: Partial<State> = state;
    return new Store(folder, { ...emptyState(), primaryIps: state.servers.flatMap(ownAddresses), ...older });
  }

  /** A number that no resource of this twin has had. */
  id(): number {
    return this.state.nextId++;
  }

  /** Writes the state down; the caller has finished a change. */
  save(): void {
    const { actions } = this.state;
    if (actions.length > KEPT_ACTIONS) {
      const surplus = actions.length - KEPT_ACTIONS;
      this.state.actions = actions.filter((action, index) => index >= surplus || action.status === "running");
    }
    const path = join(this.folder, FILE);
    const file = openSync(`${path}.new`, "w", 0o600);
    try {
      writeSync(file, `${JSON.stringify(this.state, null, 1)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
  }
}
