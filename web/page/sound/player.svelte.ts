/** Plays one recording at a time, and knows where it is. */
export class Player {
  /** Seconds from the start; null while nothing plays. */
  time = $state<number | null>(null);
  #context: AudioContext | undefined;
  #source: AudioBufferSourceNode | undefined;

  play(samples: Float32Array, sampleRate: number): void {
    this.stop();
    const context = (this.#context ??= new AudioContext());
    void context.resume();
    const buffer = context.createBuffer(1, samples.length, sampleRate);
    buffer.copyToChannel(samples as Float32Array<ArrayBuffer>, 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    source.onended = () => {
      if (this.#source === source) this.stop();
    };
    this.#source = source;
    const started = context.currentTime;
    source.start();
    const follow = (): void => {
      if (this.#source !== source) return;
      this.time = Math.min(context.currentTime - started, buffer.duration);
      requestAnimationFrame(follow);
    };
    follow();
  }

  stop(): void {
    this.#source?.stop();
    this.#source = undefined;
    this.time = null;
  }
}
