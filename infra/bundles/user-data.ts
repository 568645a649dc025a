import { OPERATOR } from "../remote/connection";

export interface UserDataSettings {
  /** Public key of the deployment: the only one that logs in until the host base is applied. */
  readonly authorizedKey: string;
  /** The key pair the server shows at first contact: ECDSA, so that the ed25519 key which replaces it can stand beside it. */
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
}

/**
 * What cloud-init does at first boot: the user that operates the server and the host key that the first connection expects.
 * All the rest comes over SSH, since user data can't be changed later and anyone with the API token can read it.
 */
export function userData({ authorizedKey, hostKey }: UserDataSettings): string {
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
  };
  // Every JSON document is a YAML document: no quoting rules to get wrong.
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}
