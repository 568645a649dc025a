import { type Bundle, bundle, hostFiles } from "./bundle";
import { assertAppName, assertPlain } from "./names";

/** A release of the application and how it runs. */
export interface AppSettings {
  /** Name of the application: /srv/<name>, and the units <name>-backend and <name>-worker. */
  readonly name: string;
  /** Id of the release (`Release.id` of infra/release): /srv/<name>/releases/<id>. */
  readonly release: string;
  /** `Release.sha256`: hex digest of the tar inside the uploaded /srv/<name>/incoming/<id>.tar.gz. */
  readonly sha256: string;
  /** The runtime that the server fetches (`nodeRuntime` of infra/release). */
  readonly nodeVersion: string;
  readonly nodeUrl: string;
  /** Hex digest of what is at `nodeUrl`. */
  readonly nodeSha512: string;
  /** Port of the backend on 127.0.0.1. */
  readonly port: number;
  /** Path that answers 200 with the release id once the backend serves, such as `/health`. */
  readonly healthPath: string;
  /** Seconds that the release has to become healthy before the one before it is put back; 30 is the usual. */
  readonly healthTimeoutSec: number;
  /** Seconds between SIGTERM and SIGKILL; longer than the application's own limit (DRAIN_SECONDS, 20, and 3 to close). */
  readonly stopTimeoutSec: number;
  /** Releases that stay on the server, the running one included. */
  readonly keepReleases: number;
}

/**
 * Brings an uploaded release into service: runtime, units, `current`, health gate, and back when the gate stays shut.
 * Needs the `.env` (envBundle) and the uploaded artefact to be there.
 */
export function appBundle(settings: AppSettings): Bundle {
  assertAppName(settings.name);
  const values = {
    name: settings.name,
    release: assertPlain("release", settings.release, /^[0-9a-f]{12}$/),
    sha256: assertPlain("sha256", settings.sha256, /^[0-9a-f]{64}$/),
    nodeVersion: assertPlain("nodeVersion", settings.nodeVersion, /^\d+\.\d+\.\d+$/),
    nodeUrl: assertPlain("nodeUrl", settings.nodeUrl, /^https?:\/\/[^\s'"\\]+$/),
    nodeSha512: assertPlain("nodeSha512", settings.nodeSha512, /^[0-9a-f]{128}$/),
    port: String(settings.port),
    healthPath: assertPlain("healthPath", settings.healthPath, /^\/[A-Za-z0-9/._~-]*$/),
    healthTimeout: String(settings.healthTimeoutSec),
    stopTimeout: String(settings.stopTimeoutSec),
    keep: String(settings.keepReleases),
  };
  return bundle("app", hostFiles("app", values));
}
