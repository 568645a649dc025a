import { rmSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { stopLostTwin, stopTwin } from "../../twin/client";
import { exclusively } from "../lib/exclusively";
import { PROJECT, typed } from "../lib/places";
import { REHEARSAL, Rehearsal } from "../lib/rehearsal";
import { endDataRehearsal } from "../rehearsal/with-data";

/** `npm stop`: ends the rehearsal. What it got, engine and image, stays for the next one. */
export const stop = new Command("stop")
  .description("end the rehearsal and delete its machines, its stack and its twin")
  .option("--keep", `stop the twin alone; ${typed("start")} finds machines and stack again`)
  .action(async ({ keep }: { keep?: true }) => {
    const rehearsal = new Rehearsal();
    const { withData } = rehearsal;
    if (withData.exists) {
      await exclusively(withData.folder, typed("stop"), () => endDataRehearsal(withData));
      console.log("The rehearsal with data is gone.");
    } else {
      const lost = await stopLostTwin(withData.twinState, console.log);
      withData.delete();
      if (lost) console.log("The folder of the rehearsal with data was gone; its machines are deleted now as well.");
    }
    if (!rehearsal.exists) {
      const lost = await stopLostTwin(rehearsal.twinState, console.log);
      rehearsal.delete();
      console.log(
        lost
          ? "The folder of the rehearsal was gone; its machines are deleted now as well."
          : "No rehearsal is running here.",
      );
      return;
    }
    await exclusively(rehearsal.folder, typed("stop"), () => stopTwin(rehearsal.twinState, { deleteServers: !keep }));
    if (!keep) {
      rehearsal.delete();
      rmSync(join(PROJECT, `Pulumi.${REHEARSAL}.yaml`), { force: true });
    }
    console.log(
      keep
        ? `The twin is stopped; ${typed("start")} goes on with its machines.`
        : "The rehearsal is gone. The engine and the machine image stay for the next one.",
    );
  });
