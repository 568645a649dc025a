import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { fileName } from "../services/folder";
import { shrink } from "../services/images";

const side = z.int().min(1).max(8192);

export const optimiseImage = defineJob({
  name: "optimise-image",
  queue: "image-processing",
  description: "Makes an uploaded image smaller",
  payload: z.strictObject({
    file: fileName,
    width: side,
    height: side,
    format: z.enum(["png", "jpg"]).default("jpg"),
    quality: z.int().min(1).max(100).default(80),
  }),
  // What decodes foreign files may fill the memory or never end: a process of its own is killed for that, and nothing else.
  sandboxed: true,
  timeLimits: { soft: 50, hard: 60 },
  async run({ file, ...wish }, { id, progress, signal }) {
    const { uploads, exports, settings } = services();
    const handle = await uploads.read(file);
    const original = await handle.readFile().finally(() => handle.close());
    await progress(10, "read");
    const { image, from, to } = await shrink(original, wish, settings.MAX_IMAGE_PIXELS);
    const made = `image-${id}.${wish.format}`;
    await exports.write(made, (out) => out.writeFile(image), signal);
    return { file: made, from: { ...from, bytes: original.length }, to: { ...to, bytes: image.length } };
  },
});
