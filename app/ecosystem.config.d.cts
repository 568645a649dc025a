/** As PM2 reads it. */
declare const ecosystem: {
  readonly apps: readonly {
    readonly name: string;
    readonly script: string;
    readonly exec_mode?: string;
    readonly instances?: number;
    readonly env?: { readonly QUEUES: string };
  }[];
};
export = ecosystem;
