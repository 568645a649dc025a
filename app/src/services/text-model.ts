import { createHash } from "node:crypto";
import { Unrecoverable } from "queuehost/jobs";

export interface ModelOptions {
  readonly maxTokens?: number | undefined;
}

/** A language model, whoever runs it. */
export interface TextModel {
  /** Names of what it can be asked as. */
  readonly models: readonly string[];
  complete(model: string, input: string, options: ModelOptions): Promise<string>;
  embed(model: string, input: string): Promise<readonly number[]>;
}

const DIMENSIONS = 64;

/**
 * The local model: no network and no weights, and the same answer to the same question each time. It completes by the
 * sentences whose words are the most frequent in the text, and embeds by hashing words.
 */
export class LocalModel implements TextModel {
  readonly models = ["local-extractive", "local-hashing"];

  async complete(model: string, input: string, { maxTokens = 100 }: ModelOptions): Promise<string> {
    assertIs(model, "local-extractive");
    const sentences = input.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.trim() !== "");
    const counts = new Map<string, number>();
    for (const word of words(input)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const weight = (sentence: string) => {
      const own = words(sentence);
      return own.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0) / Math.max(own.length, 1);
    };
    const ranked = sentences
      .map((sentence, index) => ({ sentence, index, weight: weight(sentence) }))
      .toSorted((a, b) => b.weight - a.weight || a.index - b.index);
    const chosen: typeof ranked = [];
    let tokens = 0;
    for (const candidate of ranked) {
      tokens += words(candidate.sentence).length;
      if (tokens > maxTokens && chosen.length > 0) break;
      chosen.push(candidate);
    }
    const text = chosen.toSorted((a, b) => a.index - b.index).map(({ sentence }) => sentence.trim());
    return text.join(" ").split(/\s+/).slice(0, maxTokens).join(" ");
  }

  async embed(model: string, input: string): Promise<readonly number[]> {
    assertIs(model, "local-hashing");
    const vector = new Array<number>(DIMENSIONS).fill(0);
    for (const word of words(input)) {
      const hash = createHash("sha256").update(word).digest();
      const at = hash.readUInt8(0) % DIMENSIONS;
      vector[at] = (vector[at] ?? 0) + (hash.readUInt8(1) % 2 === 0 ? 1 : -1);
    }
    const length = Math.hypot(...vector) || 1;
    return vector.map((value) => Number((value / length).toFixed(6)));
  }
}

/** @throws Unrecoverable: another run won't have another model */
function assertIs(model: string, wanted: string): void {
  if (model !== wanted) throw new Unrecoverable(`model: should be ${wanted} for this, got ${model}`);
}

function words(text: string): string[] {
  return text.toLowerCase().match(/\p{L}[\p{L}\p{N}]*/gu) ?? [];
}
