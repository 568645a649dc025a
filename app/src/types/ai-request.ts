import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { fileName } from "../services/folder";
import { describeImage } from "../services/images";

const options = z
  .strictObject({ temperature: z.number().min(0).max(2).optional(), maxTokens: z.int().min(1).max(4096).optional() })
  .default({});
const model = z.string().min(1).max(64);
const text = z.string().min(1).max(20_000);

export const aiRequest = defineJob({
  name: "ai-request",
  queue: "ai-processing",
  description: "Asks a model: a completion, an embedding, or what is on an uploaded image",
  payload: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("completion"), model, input: text, options }),
    z.strictObject({ type: z.literal("embedding"), model, input: text, options }),
    z.strictObject({ type: z.literal("vision"), model, input: z.strictObject({ file: fileName }), options }),
  ]),
  async run(payload) {
    const { model, uploads, settings } = services();
    switch (payload.type) {
      case "completion":
        return { text: await model.complete(payload.model, payload.input, payload.options) };
      case "embedding":
        return { vector: await model.embed(payload.model, payload.input) };
      case "vision": {
        const handle = await uploads.read(payload.input.file);
        const image = await handle.readFile().finally(() => handle.close());
        return { text: await describeImage(image, settings.MAX_IMAGE_PIXELS) };
      }
    }
  },
});
