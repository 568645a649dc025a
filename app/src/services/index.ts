import { join } from "node:path";
import type { Jobs } from "queuehost/jobs";
import { type AppDatabase, database, migrate } from "./database";
import { Folder } from "./folder";
import { Mailer } from "./mail";
import { Outbound } from "./outbound";
import { readServiceSettings, type ServiceSettings } from "./settings";
import { FileSms, type SmsGateway } from "./sms";
import { LocalModel, type TextModel } from "./text-model";

/** What the job types work with. */
export class Services {
  readonly mail: Mailer;
  readonly outbound: Outbound;
  readonly uploads: Folder;
  readonly exports: Folder;
  readonly sms: SmsGateway;
  readonly model: TextModel;

  constructor(
    readonly settings: ServiceSettings,
    private readonly opened?: Jobs,
  ) {
    this.mail = new Mailer(settings);
    this.outbound = new Outbound({ allowPrivate: settings.WEBHOOK_ALLOW_PRIVATE });
    this.uploads = new Folder(settings.UPLOAD_DIR, "UPLOAD_DIR");
    this.exports = new Folder(settings.EXPORTS_DIR, "EXPORTS_DIR");
    this.sms = new FileSms(new Folder(join(settings.STATE_DIR, "sms"), "STATE_DIR"));
    this.model = new LocalModel();
  }

  /** To enqueue further jobs. */
  get jobs(): Jobs {
    if (!this.opened) throw new Error("a job in a sandbox has no task database");
    return this.opened;
  }

  /** The application's tables, for reading; what is written goes through a job's `once`. */
  get db(): AppDatabase {
    return database(this.jobs.store);
  }
}

let current: Services | undefined;

/**
 * Makes folders and tables ready. Called once at the start of a process, before jobs are taken or requests are answered.
 *
 * @throws SettingsInvalid where a folder can't be made
 */
export async function openServices(settings: ServiceSettings, jobs: Jobs): Promise<Services> {
  const services = new Services(settings, jobs);
  await services.uploads.prepare();
  await services.exports.prepare();
  await migrate(jobs.store);
  current = services;
  return services;
}

/** Those of this process. In a sandbox, which opens none, they come from the environment and have no database. */
export function services(): Services {
  current ??= new Services(readServiceSettings(process.env));
  return current;
}
