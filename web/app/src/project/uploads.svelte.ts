// Files on their way up, a few at a time.
import { Refused } from "../session/rest.js";
import { upload } from "./files.js";
import { refusal } from "./words.js";

/** The server takes no more of one person at once. */
const AT_ONCE = 3;

export interface Upload {
  readonly key: number;
  readonly file: File;
  /** 0 to 1; at 1 the server looks at the file. */
  share: number;
  state: "waiting" | "going" | "failed";
  problem: string;
  /** Whether it may go better another time. */
  hopeful: boolean;
}

/** What may be over soon. */
const PASSING = new Set(["offline", "rate_limited", "unavailable", "internal_error"]);

export class Uploads {
  all = $state<Upload[]>([]);
  /** What happened last, for those who cannot see it. */
  said = $state("");
  private readonly stops = new Map<number, AbortController>();
  private count = 0;

  constructor(private readonly project: number) {}

  add(files: Iterable<File>): void {
    for (const file of files) {
      this.all.push({
        key: this.count++,
        file,
        share: 0,
        state: "waiting",
        problem: "",
        hopeful: false,
      });
    }
    this.next();
  }

  again(key: number): void {
    const one = this.all.find((each) => each.key === key);
    if (!one) return;
    [one.state, one.share, one.problem] = ["waiting", 0, ""];
    this.next();
  }

  /** Stop it, or have it out of sight. */
  drop(key: number): void {
    this.stops.get(key)?.abort();
    this.all = this.all.filter((each) => each.key !== key);
    this.next();
  }

  /** Whether leaving would stop some. */
  get going(): boolean {
    return this.all.some(({ state }) => state !== "failed");
  }

  close(): void {
    for (const each of this.stops.values()) each.abort();
    this.all = [];
  }

  private next(): void {
    const going = this.all.filter(({ state }) => state === "going").length;
    for (const each of this.all
      .filter(({ state }) => state === "waiting")
      .slice(0, AT_ONCE - going))
      void this.send(each);
  }

  private async send(one: Upload): Promise<void> {
    one.state = "going";
    const stop = new AbortController();
    this.stops.set(one.key, stop);
    const progress = (share: number): void => {
      one.share = share;
    };
    try {
      await upload(this.project, one.file, progress, stop.signal);
      this.all = this.all.filter(({ key }) => key !== one.key);
      this.said = `${one.file.name} was added.`;
    } catch (error) {
      const { code, message } =
        error instanceof Refused ? error : { code: "unavailable", message: String(error) };
      one.state = "failed";
      one.hopeful = PASSING.has(code);
      one.problem = refusal(code, message);
      this.said = `${one.file.name} was not added. ${one.problem}`;
    } finally {
      this.stops.delete(one.key);
      this.next();
    }
  }
}
