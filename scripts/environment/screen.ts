/** Where a command's lines and those of the engine go: stdout is for its result alone where that is JSON. */
export interface Screen {
  readonly say: (line: string) => void;
  readonly stdout: "inherit" | 2;
}

export const screen = (json: boolean | undefined): Screen =>
  json ? { say: console.error, stdout: 2 } : { say: console.log, stdout: "inherit" };
