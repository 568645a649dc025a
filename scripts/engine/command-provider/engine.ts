import { credentials, Metadata } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Where the provider's messages go. Nothing that fails here fails a deployment. */
export interface Log {
  /** A line among the deployment's diagnostics. */
  info(message: string): void;
  warn(message: string, urn: string): void;
  /** A line shown beside a resource while it is worked on; it isn't kept. */
  status(message: string, urn: string): void;
  /** Resolves when everything sent so far has arrived. */
  flushed(): Promise<void>;
}

/** Milliseconds that the engine has to take a message. */
const DEADLINE = 5_000;

/** Lines of status that may wait to be sent. Those of a command that writes faster are left out: the next one replaces them. */
const WAITING = 200;

/** Characters of a message: a line beside a resource shows fewer. */
const LONGEST = 4_000;

/** The log of the engine that listens at `address` (host:port). Messages arrive in the order in which they were sent. */
export function engineLog(address: string): Log {
  const client = new EngineClient(address, credentials.createInsecure());
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  const send = (message: string, severity: LogRequest.AsObject["severity"], urn: string, ephemeral: boolean) => {
    if (ephemeral && waiting >= WAITING) return;
    const request = new LogRequest();
    request.setMessage(message.slice(0, LONGEST));
    request.setSeverity(severity);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    const sent = () =>
      new Promise<void>((settle) => {
        client.log(request, new Metadata(), { deadline: Date.now() + DEADLINE }, () => settle());
      });
    waiting++;
    last = last.then(sent).finally(() => waiting--);
  };
  return {
    info: (message) => send(message, LogSeverity.INFO, "", false),
    warn: (message, urn) => send(message, LogSeverity.WARNING, urn, false),
    status: (message, urn) => send(message, LogSeverity.INFO, urn, true),
    flushed: () => last,
  };
}
