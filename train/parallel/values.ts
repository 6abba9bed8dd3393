import type { Communicator } from "./communicator.ts";

/** A rank's value, on every rank, as JSON keeps it. The others' own is not used. */
export async function ofRank<Value>(ranks: Communicator, rank: number, own: Value | undefined): Promise<Value> {
  const bytes = new TextEncoder().encode(rank === ranks.rank ? JSON.stringify(own) : "");
  const length = Float64Array.of(bytes.length);
  await ranks.broadcast(length, rank);
  const whole = rank === ranks.rank ? bytes : new Uint8Array(length[0] as number);
  await ranks.broadcast(whole, rank);
  return JSON.parse(new TextDecoder().decode(whole)) as Value;
}

/** Every rank's value, in their order, on every rank, as JSON keeps them. */
export async function ofAllRanks<Value>(ranks: Communicator, own: Value): Promise<Value[]> {
  const values: Value[] = [];
  for (let rank = 0; rank < ranks.size; rank++) values.push(await ofRank(ranks, rank, own));
  return values;
}
