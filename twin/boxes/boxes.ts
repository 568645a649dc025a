import { readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { isMissing, isUnchanged, removeContainer } from "../docker/engine";
import { ensureBoxImage } from "../image/build";
import type { Machines } from "../machines/machines";
import type { Report } from "../report";
import type { StorageBox } from "../state";
import { boxOptions, firstFiles } from "./container";
import { hostKey } from "./host-key";

const LIMIT = readFileSync(join(__dirname, "limit.sh"), "utf8");

/** Bytes on the box, without the few folders that it starts with. */
const USED = "du --summarize --bytes --apparent-size /home | cut -f1";

/** The machines of a twin's Storage Boxes. Every verb may be repeated. */
export class Boxes {
  private readonly docker: Docker;

  /**
   * @param stateDir where the host key is kept
   * @param report hears of the image being made, with the first box on a computer
   */
  constructor(
    private readonly machines: Machines,
    private readonly stateDir: string,
    private readonly report: Report,
  ) {
    this.docker = machines.docker;
  }

  /** Makes the box's disk, where it isn't there yet, and starts it. */
  async create(box: StorageBox, network: Parameters<typeof boxOptions>[1]): Promise<void> {
    const image = await ensureBoxImage(this.docker, this.machines.image, this.report);
    if (!(await this.inspect(box)))
      await this.docker.createContainer(boxOptions(box, network, this.machines.names, image));
    if ((await this.inspect(box))?.State.Status === "created")
      await this.container(box).putArchive(firstFiles(box, hostKey(this.stateDir)), { path: "/" });
    await this.powerOn(box);
  }

  async powerOn(box: StorageBox): Promise<void> {
    await this.container(box)
      .start()
      .catch((error: unknown) => {
        if (!isUnchanged(error)) throw error;
      });
    await this.machines.isolate();
    await this.limit(box);
  }

  async remove(box: StorageBox): Promise<void> {
    await removeContainer(this.container(box));
  }

  async isRunning(box: StorageBox): Promise<boolean> {
    return (await this.inspect(box))?.State.Running ?? false;
  }

  /** Gives its storage the size that the state says. What is open there meanwhile stays with the storage before. */
  async limit({ size, ...box }: StorageBox): Promise<void> {
    await this.inside({ ...box, size }, LIMIT, [`SIZE=${size ?? ""}`]);
  }

  async setPassword(box: StorageBox): Promise<void> {
    await this.inside(box, `printf '%s' "$LINE" | chpasswd`, [`LINE=${box.username}:${box.password}`]);
  }

  /** Bytes that are stored on it; 0 where it doesn't run. */
  async used(box: StorageBox): Promise<number> {
    return (await this.isRunning(box)) ? Number(await this.inside(box, USED)) : 0;
  }

  /** The folders right below a path of the box, which is relative to its storage; undefined where there is no such folder. */
  async folders(box: StorageBox, path: string): Promise<string[] | undefined> {
    const script = `cd "/home/$WHERE" 2>/dev/null || exit 0; echo .; find . -mindepth 1 -maxdepth 1 -type d -printf '%f\\n' | sort`;
    const [there, ...found] = (await this.inside(box, script, [`WHERE=${path}`])).split("\n");
    return there === "." ? found : undefined;
  }

  /** The numbers of the boxes that Docker has a container for. */
  async list(): Promise<number[]> {
    const label = [this.machines.names.label, "queuehost.box"];
    const all = await this.docker.listContainers({ all: true, filters: { label } });
    return all.map(({ Labels }) => Number(Labels["queuehost.box"]));
  }

  /** Runs a script as the box's root; throws what it said where it fails. */
  private async inside(box: StorageBox, script: string, Env: string[] = []): Promise<string> {
    const Cmd = ["/bin/sh", "-euc", script];
    const made = await this.container(box).exec({ Cmd, Env, AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await made.start({ Tty: true, hijack: true });
    const said: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) said.push(chunk);
    const text = Buffer.concat(said).toString("utf8").replaceAll("\r\n", "\n").trim();
    const { ExitCode } = await made.inspect();
    if (ExitCode !== 0) throw new Error(`Storage Box ${box.name}: ${text || `exit code ${ExitCode}`}`);
    return text;
  }

  private container({ id }: Pick<StorageBox, "id">): Docker.Container {
    return this.docker.getContainer(this.machines.names.box(id));
  }

  private async inspect(box: StorageBox): Promise<Docker.ContainerInspectInfo | undefined> {
    try {
      return await this.container(box).inspect();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}
