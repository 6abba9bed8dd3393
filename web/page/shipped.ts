// The files that come with the page. All are fetched when it loads, so that nothing is requested later.

/** A recorded clip, by a voice unheard in training. */
export interface Clip {
  readonly name: string;
  readonly text: string;
  readonly file: Blob;
}

const fetched = async (name: string): Promise<Response> => {
  const response = await fetch(`./seed/${name}`).catch(() => undefined);
  if (!response?.ok) throw new Error(`the page's own file seed/${name} did not arrive: load the page again`);
  return response;
};

/** The seed's checkpoint. */
export const fetchSeed = async (): Promise<Uint8Array> =>
  new Uint8Array(await (await fetched("seed.safetensors")).arrayBuffer());

export async function fetchClips(): Promise<Clip[]> {
  const list = (await (await fetched("clips.json")).json()) as { name: string; text: string; file: string }[];
  return Promise.all(
    list.map(async ({ name, text, file }) => ({ name, text, file: await (await fetched(file)).blob() })),
  );
}

let recorded: Promise<Uint8Array> | undefined;

/** What the seed says of the clips, recorded when they were made; only asked for without WebGPU. */
export const recordedResults = (): Promise<Uint8Array> =>
  (recorded ??= fetched("recorded.safetensors").then(async (response) => new Uint8Array(await response.arrayBuffer())));
