import type { Property, Shape } from "../shape";
import { hostFault, hostKeyFault, privateKeyFault } from "../ssh/connection";

const KEY_ONLY = "it connects with connection.privateKey only";

/** `Connection` of the official schema. Its defaults are written into the inputs, as the official provider does. */
const SHAPE: Shape = {
  host: { type: "string", required: true, check: (value) => hostFault(String(value)) },
  port: { type: "integer", default: 22 },
  user: { type: "string", default: "root" },
  // The official provider connects without these two: by an agent or a password, and to whoever answers.
  privateKey: { type: "string", required: true, secret: true, check: (value) => privateKeyFault(String(value)) },
  hostKey: { type: "string", required: true, check: (value) => hostKeyFault(String(value)) },
  dialErrorLimit: { type: "integer", default: 10 },
  perDialTimeout: { type: "integer", default: 15 },
  password: { type: "string", secret: true, refused: KEY_ONLY },
  privateKeyPassword: {
    type: "string",
    secret: true,
    refused: "pass connection.privateKey without passphrase, as a secret",
  },
  agentSocketPath: { type: "string", refused: KEY_ONLY },
  proxy: { type: {}, refused: "it connects without a proxy only" },
};

export const CONNECTION: Property = { type: SHAPE, required: true, secret: true };
