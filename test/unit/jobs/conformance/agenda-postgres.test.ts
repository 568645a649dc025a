import { openAgenda } from "../../../../app/jobs/provider/agenda";
import { postgres } from "../support/postgres";
import { startPostgres } from "./servers";
import { conforms } from "./suite";

conforms("agenda", postgres.missing ? "no PostgreSQL on this machine" : "", startPostgres, openAgenda);
