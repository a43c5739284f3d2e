import { Emitter } from "./emitter.js";

/** Runs a pure `step`: gives it inputs one after the other, and has the effects carried out. */
export abstract class Machine<State, Input, Effect, Events extends object> extends Emitter<Events> {
  private readonly inputs: Input[] = [];
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private busy = false;

  protected constructor(
    protected current: State,
    private readonly step: (state: State, input: Input) => [State, Effect[]],
  ) {
    super();
  }

  /** Everything that is known. A new object whenever something changes. */
  get state(): State {
    return this.current;
  }

  /** Inputs that come of carrying one out wait until that is done. */
  protected put(input: Input): void {
    this.inputs.push(input);
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.inputs.length) {
        const before = this.current;
        const [state, effects] = this.step(before, this.inputs.shift() as Input);
        this.current = state;
        for (const effect of effects) this.act(effect);
        if (this.current !== before) this.changed(before);
      }
    } finally {
      this.busy = false;
    }
  }

  protected abstract act(effect: Effect): void;
  protected abstract changed(before: State): void;

  /** Puts `input` after so many milliseconds, instead of what was set before. */
  protected timer(name: string, ms: number, input: Input): void {
    clearTimeout(this.timers.get(name));
    const put = (): void => {
      this.put(input);
    };
    this.timers.set(name, setTimeout(put, ms));
  }

  protected clearTimers(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
  }
}
