import { statSync } from "node:fs";
import { type SshConnection, withSsh } from "../ssh";
import { type Asset, asAsset, type Props, plain } from "../values";
import { TRIGGERS } from "./command";
import { CONNECTION } from "./connection-shape";
import { type Context, decode, newId, type Resource } from "./resource";

interface Inputs {
  readonly connection: SshConnection;
  readonly remotePath: string;
}

const shape = {
  connection: CONNECTION,
  source: { type: "file", required: true },
  remotePath: { type: "string", required: true },
  triggers: TRIGGERS,
} as const;

/** `command:remote:CopyToRemote`: uploads a file. It is left there when the resource is deleted, as by the official provider. */
export const copyToRemote: Resource = {
  shape,
  outputs: [],

  async create(props, context) {
    await upload(props, context);
    return { id: newId(""), state: props };
  },

  async update(props, state, context) {
    // A connection that changed is no reason to send the file again.
    const same =
      asset(props).hash === asAsset(state.source)?.hash && plain(props.remotePath) === plain(state.remotePath);
    if (!same) await upload(props, context);
    return props;
  },

  async delete() {},
};

async function upload(props: Props, { signal, status }: Context): Promise<void> {
  const { connection, remotePath } = decode<Inputs>(shape, props);
  const { path } = asset(props);
  if (path === undefined || !statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(`source: should be an existing file, got ${JSON.stringify(path ?? "another kind of asset")}`);
  }
  await withSsh(connection, (session) => session.upload(path, remotePath), { signal, onRetry: status });
}

function asset(props: Props): Asset {
  const source = asAsset(props.source);
  if (source === undefined) throw new Error("source: should be a FileAsset");
  return source;
}
