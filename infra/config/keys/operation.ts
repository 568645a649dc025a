import { key } from "../key";
import { kinds } from "../kinds";

/** What goes on beside the application. */
export const OPERATION_KEYS = {
  "watch.seconds": key({
    kind: kinds.integer(0, 3600),
    default: "120",
    example: "300",
    description:
      "How long a new release is watched, and taken back by itself when it does worse than the one before; 0: not at all",
  }),
  "watch.failures": key({
    kind: kinds.integer(1, 100),
    default: "10",
    example: "5",
    description: "Percentage points by which the share of failed jobs may rise meanwhile",
  }),
  "watch.wait": key({
    kind: kinds.integer(2, 1000),
    default: "5",
    example: "10",
    description: "Factor by which the time that jobs wait may grow meanwhile",
  }),
  requireRehearsal: key({
    kind: kinds.flag,
    default: "false",
    example: "true",
    description:
      "Whether an up goes on only where the same release and configuration were rehearsed with this stack's data",
  }),
} as const;
