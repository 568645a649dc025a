import { OPERATOR } from "../remote/connection";
import { hostFile, render } from "./bundle";
import { assertAppName } from "./names";

export interface UserDataSettings {
  /** Public key of the deployment: the only one that logs in until the host base is applied. */
  readonly authorizedKey: string;
  /** The key pair the server shows at first contact: ECDSA, so that the ed25519 key which replaces it can stand beside it. */
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
  /** The application whose data is still to be restored, and since when: nobody is served before it is. */
  readonly restoring?: { readonly app: string; readonly since: Date };
}

/**
 * What cloud-init does at first boot: the user that operates the server and the host key that the first connection expects.
 * All the rest comes over SSH, since user data can't be changed later and anyone with the API token can read it.
 */
export function userData({ authorizedKey, hostKey, restoring }: UserDataSettings): string {
  const config = {
    users: [
      {
        name: OPERATOR,
        gecos: "Operates this server",
        groups: ["sudo"],
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        shell: "/bin/bash",
        lock_passwd: true,
        ssh_authorized_keys: [authorizedKey],
      },
    ],
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ecdsa_private: hostKey.privateKey, ecdsa_public: hostKey.publicKey },
    ...(restoring && { write_files: maintenance(restoring) }),
  };
  // Every JSON document is a YAML document: no quoting rules to get wrong.
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}

/** The page of maintenance, as `queuehost maintenance` puts it there: the proxy answers with it from its first moment on. */
function maintenance({ app, since }: { readonly app: string; readonly since: Date }) {
  assertAppName(app);
  const folder = `/srv/${app}/maintenance`;
  const why = "We are restoring data and will be back in a moment.";
  const state = { who: "queuehost recreate", when: Math.floor(since.getTime() / 1000), why, retry_after: RETRY_AFTER };
  const lines = Object.entries(state).map(([key, value]) => `${key}=${value}\n`);
  return [
    { path: `${folder}/index.html`, permissions: "0644", content: page(why) },
    { path: `${folder}/.state`, permissions: "0644", content: lines.join("") },
  ];
}

/** Seconds after which browsers and clients may ask again. */
const RETRY_AFTER = 60;

function page(reason: string): string {
  const { content } = hostFile("app/maintenance.html.in");
  return render("host/app/maintenance.html.in", content, { reason, retryAfter: String(RETRY_AFTER) }).content;
}
