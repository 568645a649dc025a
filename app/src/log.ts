export { log, reason } from "queuehost/jobs";
