import { z } from "zod";
import type { Access } from "./auth";
import type { Api } from "./zod";

const role = z.enum(["viewer", "operator"]);

/** POST /login, POST /logout and GET /api/session: for pages, which keep a cookie instead of a token. */
export function sessionRoutes(app: Api, access: Access): void {
  app.post(
    "/login",
    {
      config: { rateLimit: { max: 10, timeWindow: 60_000 } },
      schema: {
        tags: ["session"],
        summary: "Exchange a token for a cookie",
        body: z.strictObject({ token: z.string().max(500) }),
        response: { 200: z.object({ role }) },
        problems: [401, 403],
      },
    },
    async (request, reply) => ({ role: access.login(request.body.token, request, reply) }),
  );

  app.post(
    "/logout",
    { schema: { tags: ["session"], summary: "Let the cookie go", response: { 204: z.null() } } },
    async (request, reply) => {
      access.logout(request, reply);
      return await reply.code(204).send(null);
    },
  );

  app.get(
    "/api/session",
    {
      schema: {
        tags: ["session"],
        summary: "Who asks, as far as this server knows",
        response: { 200: z.object({ role, by: z.enum(["token", "session", "loopback"]) }) },
        problems: [401, 403],
      },
    },
    async (request) => access.caller(request),
  );
}
