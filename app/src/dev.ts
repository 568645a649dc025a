/** Backend and worker in one process, for development: `npm run dev`. */
import "./backend";
import "./worker";
