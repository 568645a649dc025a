import type { FastifyInstance, FastifyTypeProvider } from "fastify";
import type { z } from "zod";

/** Handlers get what the route's schemas give. */
interface ZodTypes extends FastifyTypeProvider {
  validator: this["schema"] extends z.ZodType ? z.output<this["schema"]> : unknown;
  serializer: this["schema"] extends z.ZodType ? z.input<this["schema"]> : unknown;
}

/** A server, or a part of it, whose routes have zod schemas. */
export type Api = ReturnType<typeof withZod>;

/** Has zod check requests. Answers are as their handlers make them: the document's tests hold these to their schemas. */
export function withZod(app: FastifyInstance) {
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    const { success, data: value, error } = schema.safeParse(data ?? {});
    return success ? { value } : { error };
  });
  app.setSerializerCompiler(() => JSON.stringify);
  return app.withTypeProvider<ZodTypes>();
}
