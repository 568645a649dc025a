import { readdir, readFile } from "node:fs/promises";
import { extname, join, posix, relative, sep } from "node:path";
import type { FastifyInstance } from "fastify";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * The pages and the web components: the files of the folder. `index.html` is `/`, `tasks.html` is `/tasks`.
 *
 * @param keep whether they are read once, or, for who changes them, at each request
 */
export async function pageRoutes(app: FastifyInstance, publicDir: string, keep: boolean): Promise<void> {
  const entries = await readdir(publicDir, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const kept = keep ? await readFile(file) : undefined;
    const path = posix.join("/", ...relative(publicDir, file).split(sep)).replace(/(index)?\.html$/, "");
    app.get(path, { schema: { hide: true } }, async (_request, reply) => {
      reply.type(type).header("cache-control", "no-cache");
      return kept ?? (await readFile(file));
    });
  }
}
