/** What the list of all types of jobs should be, as text. */
export function listOfTypes(folder?: string): string;
/** Writes it where it differs. */
export function writeTypes(folder?: string): void;
