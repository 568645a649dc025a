import { Server, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { type PluginAttach, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type Diff, topLevel } from "./diff";
import { engineLog } from "./engine";
import type { Operations } from "./operations";
import { RESOURCES } from "./resources";
import type { Failure } from "./shape";
import { fromStruct, type Props, toStruct } from "./values";
import { FRAMEWORK, VERSION } from "./version";

/** Bytes of the largest message, the engine's own limit: an upload's text or a bundle can be large. */
const LARGEST_MESSAGE = 400 * 1024 * 1024;

const NOTICE = `provider command: stand-in for the official plugin ${VERSION}, which could not be downloaded`;

type Answer = (request: never) => object | Promise<object>;

/** The provider as a gRPC server that isn't listening yet. */
export function createServer(operations: Operations): Server {
  const server = new Server({
    "grpc.max_receive_message_length": LARGEST_MESSAGE,
    "grpc.max_send_message_length": LARGEST_MESSAGE,
  });
  const answers = methods(operations);
  const handlers = Object.entries(ResourceProviderService).map(([name, { path }]) => {
    const answer = (answers as Record<string, Answer | undefined>)[name];
    return [name, unary(answer ?? (() => unimplemented(path)))];
  });
  server.addService(ResourceProviderService, Object.fromEntries(handlers));
  return server;
}

/** Everything of the protocol that this provider answers. */
function methods(operations: Operations) {
  const engine = (address: string) => {
    operations.log ??= address === "" ? undefined : engineLog(address);
  };
  return {
    handshake(request: rpc.ProviderHandshakeRequest) {
      engine(request.getEngineAddress());
      const response = new rpc.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(true);
      return response;
    },
    attach(request: PluginAttach) {
      engine(request.getAddress());
      return new Empty();
    },
    getPluginInfo() {
      const response = new PluginInfo();
      response.setVersion(VERSION);
      return response;
    },
    getSchema() {
      const resources = Object.fromEntries([...RESOURCES.keys()].map((token) => [token, {}]));
      const response = new rpc.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: "command", version: VERSION, resources }));
      return response;
    },
    checkConfig(request: rpc.CheckRequest) {
      return checked({ ...fromStruct(request.getNews()), [FRAMEWORK.key]: FRAMEWORK.version }, []);
    },
    configure() {
      operations.log?.info(NOTICE);
      const response = new rpc.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setAcceptresources(true);
      return response;
    },
    check(request: rpc.CheckRequest) {
      const { inputs, failures } = operations.check(request.getUrn(), fromStruct(request.getNews()));
      return checked(inputs, failures);
    },
    diff(request: rpc.DiffRequest) {
      return diffed(
        operations.diff(request.getUrn(), fromStruct(request.getOldInputs()), fromStruct(request.getNews())),
      );
    },
    async create(request: rpc.CreateRequest) {
      const inputs = fromStruct(request.getProperties());
      const { id, state } = await operations.create(request.getUrn(), inputs, request.getPreview());
      const response = new rpc.CreateResponse();
      response.setId(id);
      response.setProperties(toStruct(state));
      return response;
    },
    read(request: rpc.ReadRequest) {
      // As the official provider: what a command did on a machine can't be read back.
      const response = new rpc.ReadResponse();
      response.setId(request.getId());
      response.setProperties(request.getProperties());
      response.setInputs(request.getInputs());
      return response;
    },
    async update(request: rpc.UpdateRequest) {
      const [news, olds] = [fromStruct(request.getNews()), fromStruct(request.getOlds())];
      const response = new rpc.UpdateResponse();
      response.setProperties(toStruct(await operations.update(request.getUrn(), news, olds, request.getPreview())));
      return response;
    },
    async delete(request: rpc.DeleteRequest) {
      await operations.delete(request.getUrn(), fromStruct(request.getProperties()));
      return new Empty();
    },
    cancel() {
      operations.cancel();
      return new Empty();
    },
  };
}

function checked(inputs: Props, failures: readonly Failure[]): rpc.CheckResponse {
  const response = new rpc.CheckResponse();
  response.setInputs(toStruct(inputs));
  for (const { property, reason } of failures) {
    const failure = new rpc.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

function diffed(diff: Diff): rpc.DiffResponse {
  const { Kind } = rpc.PropertyDiff;
  const kinds = { add: Kind.ADD, delete: Kind.DELETE, update: Kind.UPDATE };
  const replaced = { add: Kind.ADD_REPLACE, delete: Kind.DELETE_REPLACE, update: Kind.UPDATE_REPLACE };
  const { DIFF_SOME, DIFF_NONE } = rpc.DiffResponse.DiffChanges;

  const response = new rpc.DiffResponse();
  response.setChanges(diff.size > 0 ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true);
  for (const [path, { kind, replaces }] of diff) {
    const detail = new rpc.PropertyDiff();
    detail.setKind(replaces ? replaced[kind] : kinds[kind]);
    response.getDetaileddiffMap().set(path, detail);
  }
  const tops = (paths: Iterable<string>) => [...new Set([...paths].map(topLevel))];
  response.setDiffsList(tops(diff.keys()));
  response.setReplacesList(tops([...diff].filter(([, { replaces }]) => replaces).map(([path]) => path)));
  return response;
}

/** Answers a call with what `answer` returns, or with the message of what it throws. */
function unary(answer: Answer) {
  return async ({ request }: ServerUnaryCall<never, object>, callback: sendUnaryData<object>) => {
    try {
      callback(null, await answer(request));
    } catch (error) {
      const { code = status.UNKNOWN, message } = error as Error & { code?: status };
      callback({ code: typeof code === "number" ? code : status.UNKNOWN, details: message });
    }
  };
}

/** The engine does without what a provider doesn't implement, or says that it needs it. */
function unimplemented(path: string): never {
  const method = path.split("/").at(-1);
  throw Object.assign(new Error(`${method} is not supported by the stand-in for provider command`), {
    code: status.UNIMPLEMENTED,
  });
}
