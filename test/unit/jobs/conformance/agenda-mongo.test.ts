import { openAgenda } from "../../../../app/jobs/provider/agenda";
import { mongo, startMongo } from "./mongo-server";
import { conforms } from "./suite";

conforms("agenda", mongo.missing, startMongo, openAgenda);
