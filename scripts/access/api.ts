import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { HETZNER, HETZNER_STORAGE } from "../../infra/config/hetzner";
import { configOf } from "../environment/config";
import { UserError } from "../lib/errors";
import type { Pulumi } from "../lib/pulumi";
import { reason } from "../verification/reason";

/** An answer of Hetzner's API that isn't the one that was hoped for. */
export class Refused extends UserError {
  override readonly name = "Refused";
  constructor(
    message: string,
    /** Hetzner's own: `uniqueness_error`, `resource_in_use` ... */
    readonly code: string,
  ) {
    super(message);
  }
}

/** Without a token there is nothing to ask. */
export class WithoutToken extends UserError {
  override readonly name = "WithoutToken";
}

const Fault = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const Actions = z.object({
  actions: z.array(
    z.object({ id: z.number(), status: z.string(), error: z.object({ message: z.string() }).nullish() }),
  ),
});

/** Milliseconds between two looks at an action, and for how long. */
const PACE = 300;
const PATIENCE = 30_000;

/** Hetzner's API, for what the command line does there by itself. */
export class Api {
  constructor(
    readonly endpoint: string,
    private readonly token: string,
  ) {}

  /**
   * The API of a stack's own configuration.
   *
   * @throws WithoutToken where it has none
   */
  static async of(
    pulumi: Pulumi,
    where = { key: "endpoint", variable: "HCLOUD_ENDPOINT", address: HETZNER },
  ): Promise<Api> {
    const config = await configOf(pulumi, true);
    const token = config["hcloud:token"]?.value || process.env.HCLOUD_TOKEN;
    if (!token)
      throw new WithoutToken(
        `hcloud:token: stack ${pulumi.stack} has none, and neither has HCLOUD_TOKEN. Set it:\n    npx pulumi config set --secret hcloud:token --stack ${pulumi.stack}`,
      );
    return new Api(config[`hcloud:${where.key}`]?.value || process.env[where.variable] || where.address, token);
  }

  /** Storage Boxes have an API of their own, with the same token. */
  static ofStorageBoxes(pulumi: Pulumi): Promise<Api> {
    const [key, variable] = ["endpointHetzner", "HETZNER_ENDPOINT"];
    return Api.of(pulumi, { key, variable, address: HETZNER_STORAGE });
  }

  /**
   * One request. What it answers has to have that shape.
   *
   * @throws Refused with Hetzner's own words
   * @throws UserError where the API can't be reached
   */
  async call<T>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    shape: z.ZodType<T>,
    body?: object,
  ): Promise<T> {
    const response = await fetch(this.endpoint + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    }).catch((error: unknown) => {
      throw new UserError(`Hetzner's API can't be reached at ${this.endpoint}: ${reason(error)}`);
    });
    const text = await response.text();
    const answer: unknown = text === "" ? undefined : JSON.parse(text);
    if (!response.ok) {
      const { data } = Fault.safeParse(answer);
      throw new Refused(
        `Hetzner's API answered ${response.status} to ${method} ${path}: ${data?.error.message ?? text}`,
        data?.error.code ?? String(response.status),
      );
    }
    return shape.parse(answer);
  }

  /** A request that starts actions; waits until they are over. */
  async act(path: string, body: object): Promise<void> {
    await this.done(await this.call("POST", path, Actions, body));
  }

  /**
   * Waits for the end of actions.
   *
   * @throws UserError where one fails, or takes longer than half a minute
   */
  async done({ actions }: z.infer<typeof Actions>): Promise<void> {
    const end = Date.now() + PATIENCE;
    for (let left = actions; ; ) {
      const failed = left.find(({ status }) => status === "error");
      if (failed)
        throw new UserError(`Hetzner couldn't do it: ${failed.error?.message ?? `action ${failed.id} failed`}`);
      left = left.filter(({ status }) => status === "running");
      if (left.length === 0) return;
      await sleep(PACE);
      const query = left.map(({ id }) => `id=${id}`).join("&");
      ({ actions: left } = await this.call("GET", `/actions?${query}`, Actions));
      if (Date.now() > end) throw new UserError("Hetzner has been at it for half a minute; look again later.");
    }
  }
}

/** What an answer that brings actions has. */
export const WithActions = Actions;
/** An answer that isn't looked at. */
export const Anything = z.unknown();
