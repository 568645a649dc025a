import { randomUUID } from "node:crypto";
import multipart from "@fastify/multipart";
import type { FastifyInstance } from "fastify";
import { Unrecoverable } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { CONTENT_TYPES, type ContentKind, HEAD_BYTES, kindOf } from "../services/content";
import { invalid, Problem } from "./problems";
import { byName } from "./schemas";
import { withZod } from "./zod";

const uploaded = z.object({ file: z.string(), type: z.string(), bytes: z.int() });
const tags = ["files"];

/** What multipart adds around a file, generously, in bytes. */
const AROUND = 64 * 1024;

const types: Readonly<Record<string, string>> = {
  ...CONTENT_TYPES,
  json: "application/json",
  html: "text/html; charset=utf-8",
};

/** POST /api/uploads and GET /api/exports/:name: files go to jobs, and come from them, by their names. */
export async function fileRoutes(app: FastifyInstance): Promise<void> {
  const { MAX_FILE_SIZE } = services().settings;
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: { fileSize: MAX_FILE_SIZE, files: 2, fields: 1, parts: 2, headerPairs: 20 },
  });
  const api = withZod(app);

  api.post(
    "/api/uploads",
    {
      schema: {
        tags,
        summary: "Upload a CSV, PNG or JPEG file, as the one part of a multipart/form-data body",
        description: "What it is, its content says. The answer's `file` is what jobs are told.",
        response: { 201: uploaded },
        problems: [400, 413, 415],
      },
    },
    async (request, reply) => {
      if (!request.isMultipart()) throw new Problem(415, "Send the file as multipart/form-data.");
      if (Number(request.headers["content-length"] ?? 0) > MAX_FILE_SIZE + AROUND) throw tooLarge(MAX_FILE_SIZE);
      const files = request.files();
      const first = await files.next();
      if (first.done) throw invalid({ path: "file", message: "is missing" });
      reply.code(201);
      return await store(first.value.file, MAX_FILE_SIZE, async () => {
        const next = await files.next();
        if (next.done) return;
        next.value.file.resume();
        throw invalid({ path: "file", message: "should be one file, got several" });
      });
    },
  );

  api.get(
    "/api/exports/:name",
    {
      schema: {
        tags,
        summary: "Download what a job has written",
        params: byName,
        response: { 200: { description: "The file", type: "string", format: "binary" } },
        problems: [404],
      },
    },
    async ({ params: { name } }, reply) => {
      const file = await services()
        .exports.read(name)
        .catch((error: unknown) => {
          throw error instanceof Unrecoverable ? new Problem(404, `There is no file ${name}.`) : error;
        });
      reply.type(types[name.split(".").at(-1) ?? ""] ?? "application/octet-stream");
      // Never shown as a page of this origin, whatever is in it.
      reply.header("content-disposition", `attachment; filename="${name}"`);
      return reply.send(file.createReadStream());
    },
  );
}

/**
 * Keeps an upload under a name of our own; nothing of it is left where it is refused or ends midway.
 *
 * @param ended rejects where more follows
 */
async function store(file: AsyncIterable<Buffer> & { truncated: boolean }, limit: number, ended: () => Promise<void>) {
  const id = randomUUID();
  const named = ({ kind }: { kind: ContentKind }) => `${id}.${kind}`;
  const { kind, bytes } = await services().uploads.write(named, async (handle) => {
    const head: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of file) {
      if (bytes < HEAD_BYTES) head.push(chunk);
      bytes += chunk.length;
      await handle.appendFile(chunk);
    }
    if (file.truncated) throw tooLarge(limit);
    const kind = kindOf(Buffer.concat(head).subarray(0, HEAD_BYTES));
    if (kind === undefined) throw new Problem(415, "The file is neither CSV nor a PNG or JPEG image.");
    await ended();
    return { kind, bytes };
  });
  return { file: named({ kind }), type: CONTENT_TYPES[kind], bytes };
}

const tooLarge = (limit: number) => new Problem(413, `A file may have ${limit} bytes (MAX_FILE_SIZE).`);
