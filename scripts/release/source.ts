import { run } from "../lib/run";

/** What git says of the sources that are deployed. */
export interface Source {
  /** Shortened hash of the commit. */
  readonly commit: string;
  /** Empty for a commit that no branch has checked out, as in CI. */
  readonly branch: string;
  /** Whether the folder has changes that aren't committed. */
  readonly dirty: boolean;
}

/** @returns undefined where the folder isn't in a git repository, or has no commit yet */
export async function sourceOf(folder: string): Promise<Source | undefined> {
  const git = (...args: string[]) => run("git", args, { cwd: folder });
  const [commit, branch, status] = await Promise.all([
    git("rev-parse", "--short=10", "HEAD"),
    git("branch", "--show-current"),
    git("status", "--porcelain", "--", "."),
  ]);
  if (commit.exitCode !== 0 || status.exitCode !== 0) return undefined;
  return { commit: commit.stdout.trim(), branch: branch.stdout.trim(), dirty: status.stdout.trim() !== "" };
}

export function sourceWords(source: Source | undefined): string {
  if (source === undefined) return "not from git";
  const { commit, branch, dirty } = source;
  return `commit ${commit}${branch === "" ? "" : ` of ${branch}`}${dirty ? ", with changes that aren't committed" : ""}`;
}
