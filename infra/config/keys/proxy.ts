import { key } from "../key";
import { kinds } from "../kinds";

/** What stands in front of the application. */
export const PROXY_KEYS = {
  domain: key({
    kind: kinds.domains,
    optional: true,
    example: "app.example.org",
    description:
      "Host names of the application, separated by commas: HTTPS with certificates that renew themselves; all others lead to the first",
  }),
  "domain.email": key({
    kind: kinds.email,
    optional: true,
    example: "ops@example.org",
    description: "Address that the certificate authority writes to",
  }),
  "domain.certificates": key({
    kind: kinds.choice("public", "internal"),
    default: "public",
    example: "public",
    description:
      "public: Let's Encrypt; internal: an authority of the server's own, for networks that nobody outside reaches",
  }),
  "domain.zone": key({
    kind: kinds.domain,
    optional: true,
    example: "example.org",
    description: "DNS zone at Hetzner, in the token's project, that gets the names' A and AAAA records",
  }),
  "proxy.maxBody": key({
    kind: kinds.size,
    default: "25mb",
    example: "100mb",
    description: "Largest request body that is let through",
  }),
} as const;
