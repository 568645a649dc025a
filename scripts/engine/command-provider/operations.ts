import { type Diff, diffInputs } from "./diff";
import type { Log } from "./engine";
import { RESOURCES } from "./resources";
import type { Context, Resource } from "./resources/resource";
import { checkInputs, type Failure } from "./shape";
import { type Props, UNKNOWN } from "./values";

/**
 * What the engine asks of the provider, in terms of property values: no gRPC in here. Throws an Error whose message is for the
 * user.
 */
export class Operations {
  private readonly cancellation = new AbortController();
  private readonly running = new Set<Promise<unknown>>();
  /** Told where messages go as soon as the engine says who it is. */
  log: Log | undefined;

  check(urn: string, news: Props): { inputs: Props; failures: Failure[] } {
    return checkInputs(resource(urn).shape, news);
  }

  diff(urn: string, olds: Props, news: Props): Diff {
    return diffInputs(olds, news, replacing(resource(urn)));
  }

  async create(urn: string, inputs: Props, preview: boolean): Promise<{ id: string; state: Props }> {
    const found = resource(urn);
    if (preview) return { id: "", state: previewed(found, inputs) };
    return this.attempt(urn, (context) => found.create(inputs, context));
  }

  async update(urn: string, inputs: Props, state: Props, preview: boolean): Promise<Props> {
    const found = resource(urn);
    if (preview) return previewed(found, inputs);
    return this.attempt(urn, (context) => found.update(inputs, state, context));
  }

  async delete(urn: string, state: Props): Promise<void> {
    const found = resource(urn);
    await this.attempt(urn, (context) => found.delete(state, context));
  }

  /** Ends what is running, and refuses what comes after. */
  cancel(): void {
    this.cancellation.abort();
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.running);
  }

  private async attempt<T>(urn: string, work: (context: Context) => Promise<T>): Promise<T> {
    const attempt = this.work(urn, work);
    this.running.add(attempt);
    return attempt.finally(() => this.running.delete(attempt));
  }

  private async work<T>(urn: string, work: (context: Context) => Promise<T>): Promise<T> {
    try {
      return await work({
        name: nameOf(urn),
        signal: this.cancellation.signal,
        status: (line) => this.log?.status(line, urn),
        warn: (line) => this.log?.warn(line, urn),
      });
    } finally {
      await this.log?.flushed();
    }
  }
}

/** What will be: the inputs, and outputs that nobody knows yet. */
function previewed({ outputs }: Resource, inputs: Props): Props {
  return { ...inputs, ...Object.fromEntries(outputs.map((name) => [name, UNKNOWN])) };
}

function replacing({ shape }: Resource): ReadonlySet<string> {
  return new Set(Object.keys(shape).filter((name) => shape[name]?.replaces));
}

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>` */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function resource(urn: string): Resource {
  const found = RESOURCES.get(typeOf(urn));
  if (found !== undefined) return found;
  throw new Error(`${typeOf(urn)} is not supported by the stand-in; it knows ${[...RESOURCES.keys()].join(", ")}`);
}
