import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { credentials, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { fromStruct, type Props, toStruct } from "../../../../scripts/engine/command-provider/values";

/** A line that a provider logged, as an engine gets it. */
export interface Logged {
  readonly message: string;
  readonly urn: string;
  readonly ephemeral: boolean;
}

export const urn = (type: string, name = "it") => `urn:pulumi:test::project::${type}::${name}`;

/** A provider's process, called as the engine calls it. Its stand-in for the engine does nothing but keep what is logged. */
export class Provider {
  readonly logged: Logged[] = [];
  private readonly client: ResourceProviderClient;

  private constructor(
    readonly process: ChildProcess,
    port: number,
    private readonly engine: Server,
  ) {
    this.client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
    });
  }

  static async start(program: string, env: NodeJS.ProcessEnv = process.env): Promise<Provider> {
    const engine = new Server();
    const enginePort = await new Promise<number>((settle, fail) => {
      engine.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? fail(error) : settle(port),
      );
    });
    const child = spawn(program, [`127.0.0.1:${enginePort}`], { stdio: ["pipe", "pipe", "inherit"], env });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const provider = new Provider(child, Number.parseInt(line.toString(), 10), engine);
    engine.addService(EngineService, {
      log: ({ request }: { request: LogRequest }, done: (error: null, answer: Empty) => void) => {
        provider.logged.push({
          message: request.getMessage(),
          urn: request.getUrn(),
          ephemeral: request.getEphemeral(),
        });
        done(null, new Empty());
      },
    } as never);
    return provider;
  }

  /** Ends the provider as the engine does: by letting go of it. Returns its exit code; null where it had to be killed after 8 s. */
  async stop(): Promise<number | null> {
    this.client.close();
    this.engine.forceShutdown();
    this.process.stdin?.end();
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const killer = setTimeout(() => this.process.kill("SIGKILL"), 8_000);
      await once(this.process, "exit");
      clearTimeout(killer);
    }
    return this.process.exitCode;
  }

  async configure(): Promise<rpc.ConfigureResponse.AsObject> {
    const request = new rpc.ConfigureRequest();
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    const response = await this.call<rpc.ConfigureRequest, rpc.ConfigureResponse>("configure", request);
    return response.toObject();
  }

  async checkConfig(news: Props): Promise<Props> {
    const request = new rpc.CheckRequest();
    request.setUrn(urn("pulumi:providers:command", "default_1_2_1"));
    request.setNews(toStruct(news));
    const response = await this.call<rpc.CheckRequest, rpc.CheckResponse>("checkConfig", request);
    return fromStruct(response.getInputs());
  }

  async check(type: string, news: Props): Promise<{ inputs: Props; failures: rpc.CheckFailure.AsObject[] }> {
    const request = new rpc.CheckRequest();
    request.setUrn(urn(type));
    request.setNews(toStruct(news));
    const response = await this.call<rpc.CheckRequest, rpc.CheckResponse>("check", request);
    return { inputs: fromStruct(response.getInputs()), failures: response.toObject().failuresList };
  }

  /** The paths that changed with the numbers of their kinds, and what the older fields of the answer say. */
  async diff(type: string, oldInputs: Props, state: Props, news: Props) {
    const request = new rpc.DiffRequest();
    request.setUrn(urn(type));
    request.setId("id");
    request.setOldInputs(toStruct(oldInputs));
    request.setOlds(toStruct(state));
    request.setNews(toStruct(news));
    const { detaileddiffMap, changes, diffsList, replacesList } = (
      await this.call<rpc.DiffRequest, rpc.DiffResponse>("diff", request)
    ).toObject();
    return {
      detailed: Object.fromEntries(detaileddiffMap.map(([path, { kind }]) => [path, kind])),
      changes,
      diffs: diffsList.sort(),
      replaces: replacesList.sort(),
    };
  }

  async create(type: string, inputs: Props, preview = false, name = "it"): Promise<{ id: string; state: Props }> {
    const request = new rpc.CreateRequest();
    request.setUrn(urn(type, name));
    request.setProperties(toStruct(inputs));
    request.setPreview(preview);
    const response = await this.call<rpc.CreateRequest, rpc.CreateResponse>("create", request);
    return { id: response.getId(), state: fromStruct(response.getProperties()) };
  }

  async update(type: string, oldInputs: Props, state: Props, news: Props, preview = false): Promise<Props> {
    const request = new rpc.UpdateRequest();
    request.setUrn(urn(type));
    request.setId("id");
    request.setOldInputs(toStruct(oldInputs));
    request.setOlds(toStruct(state));
    request.setNews(toStruct(news));
    request.setPreview(preview);
    return fromStruct((await this.call<rpc.UpdateRequest, rpc.UpdateResponse>("update", request)).getProperties());
  }

  async delete(type: string, state: Props): Promise<void> {
    const request = new rpc.DeleteRequest();
    request.setUrn(urn(type));
    request.setId("id");
    request.setProperties(toStruct(state));
    await this.call("delete", request);
  }

  async read(type: string, inputs: Props, state: Props): Promise<{ inputs: Props; state: Props }> {
    const request = new rpc.ReadRequest();
    request.setUrn(urn(type));
    request.setId("id");
    request.setInputs(toStruct(inputs));
    request.setProperties(toStruct(state));
    const response = await this.call<rpc.ReadRequest, rpc.ReadResponse>("read", request);
    return { inputs: fromStruct(response.getInputs()), state: fromStruct(response.getProperties()) };
  }

  async cancel(): Promise<void> {
    await this.call("cancel", new Empty());
  }

  /** Any other method, for which there is no function above. */
  call<Request, Response>(method: string, request: Request): Promise<Response> {
    type Call = (request: Request, done: (error: ServiceError | null, response: Response) => void) => void;
    const call = (this.client as unknown as Record<string, Call>)[method];
    if (call === undefined) throw new Error(`no such method: ${method}`);
    return new Promise((settle, fail) => {
      call.call(this.client, request, (error, response) => (error ? fail(new Error(error.details)) : settle(response)));
    });
  }
}
