import { Command } from "commander";
import { Pulumi } from "../lib/pulumi";
import { serverOf } from "../release/server";
import { attended } from "../ssh/attended";
import { startSsh } from "../ssh/openssh";
import { assertReachable } from "../ssh/reach";

/** `queuehost ssh`: a shell on the server, or one command. */
export const ssh = new Command("ssh")
  .description("log in to a stack's server, or run a command there and end with its exit code")
  .argument("[command...]", "what the server runs, after --; without it, a shell")
  .requiredOption("--stack <name>", "the stack")
  .option("-t, --tty", "give the command a terminal, as htop or sudo -i need")
  .action(async (words: string[], { stack, tty }: { stack: string; tty?: true }) => {
    const { subject } = await serverOf(Pulumi.of(stack));
    await assertReachable(stack, subject.host);
    const child = await startSsh(subject, {
      options: tty ? ["-t"] : [],
      ...(words.length > 0 ? { command: words.join(" ") } : {}),
      stdio: ["inherit", "inherit", "inherit"],
    });
    process.exitCode = await attended(child);
  });
