import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { decoderSearchDefaults } from "../model/decode/search.ts";
import type { AttentionDecoder } from "../model/decoder/attention_decoder.ts";
import { Decoding } from "../model/decoder/decoding.ts";
import { lengthMask } from "../model/length_mask.ts";
import type { DecoderSearch } from "./decoder_search.ts";
import { part, tokenLosses, utterancesTogether } from "./rescore.ts";

/**
 * On a dry device, allocates what a search of a decoder does at its longest, where a hypothesis has a label a frame: models
 * that have learnt little do get there.
 *
 * @param states `[utterances, frames, dim]` of an encoder's path
 * @param depth  of that path
 */
export function drySearch(
  device: Device,
  decoder: AttentionDecoder,
  states: Tensor,
  depth: number,
  kind: DecoderSearch["kind"],
  beam: number = decoderSearchDefaults.beam,
): void {
  if (kind === "rescore") dryRescoring(device, decoder, states, depth, beam);
  else dryLastToken(device, decoder, states, depth, beam);
}

function dryRescoring(device: Device, decoder: AttentionDecoder, states: Tensor, depth: number, beam: number): void {
  const [utterances, frames] = states.shape as [number, number];
  const { together, places } = largestPass(device, decoder, beam, utterances, frames + 1);
  const tape = new Tape(device, { grad: false });
  tokenLosses(tape, decoder, {
    memory: part(tape, states, 0, new Array<number>(together).fill(frames)),
    rows: new Array<Int32Array>(together * beam).fill(new Int32Array(places - 1)),
    places,
    depth,
  });
  tape.end();
}

/** The most tokens that a pass may read: of shorter texts more go together. */
function largestPass(device: Device, decoder: AttentionDecoder, beam: number, utterances: number, most: number) {
  let largest = { together: 1, places: most };
  for (let places = 1; places <= most; places++) {
    const together = Math.min(utterances, utterancesTogether(device, decoder, beam, places));
    if (together * places >= largest.together * largest.places) largest = { together, places };
  }
  return largest;
}

function dryLastToken(device: Device, decoder: AttentionDecoder, states: Tensor, depth: number, beam: number): void {
  const [utterances, frames, dim] = states.shape as [number, number, number];
  const schedule = decoder.scheduleFor(depth);
  const start = new Tape(device, { grad: false });
  const shape = [utterances * beam, frames, dim] as const;
  const said = schedule.map(() => ({ keys: start.empty(shape), values: start.empty(shape) }));
  const mask = lengthMask(start, new Array<number>(utterances).fill(frames), frames);
  const decoding = new Decoding(start, decoder, { states, mask }, beam, schedule, said);
  start.end();
  const tape = new Tape(device, { grad: false });
  const row = new Int32Array(utterances * beam);
  decoding.next(tape, row, row);
  tape.end();
  decoding.release();
}
