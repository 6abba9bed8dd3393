import { synthesizerOf, type Synthesizer } from "../../../data/synthetic/flite.ts";

/**
 * Fetches and compiles the page's synthesiser, a gzipped WebAssembly module.
 *
 * @param onBytes called with the bytes that have arrived and, if the server says, their total
 * @throws Error in a sentence
 */
export async function fetchFlite(
  address: string,
  onBytes: (bytes: number, total: number | undefined) => void,
): Promise<Synthesizer> {
  const response = await fetch(address).catch(() => undefined);
  if (!response?.ok || !response.body) throw new Error("the page's own file flite.wasm.gzip did not arrive");
  const total = Number(response.headers.get("Content-Length")) || undefined;
  let bytes = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      onBytes((bytes += chunk.length), total);
      controller.enqueue(chunk);
    },
  });
  const unpacked = response.body.pipeThrough(counted).pipeThrough(new DecompressionStream("gzip"));
  try {
    const headers = { "Content-Type": "application/wasm" }; // which compiling as it arrives insists on
    return synthesizerOf(await WebAssembly.compileStreaming(new Response(unpacked, { headers })));
  } catch (error) {
    throw new Error(
      error instanceof WebAssembly.CompileError
        ? `this browser did not compile the synthesiser: ${error.message}`
        : "the page's own file flite.wasm.gzip did not arrive whole",
    );
  }
}
