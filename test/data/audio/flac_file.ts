import { readyLibFlac } from "../../../data/audio/flac.ts";

/** A FLAC file of interleaved integer samples, made by libFLAC's own encoder. */
export async function flacFile(
  interleaved: Int32Array<ArrayBuffer>,
  options: { rate: number; channels?: number; bits?: number },
): Promise<Uint8Array> {
  const { rate, channels = 1, bits = 16 } = options;
  const flac = await readyLibFlac();
  const length = interleaved.length / channels;
  const encoder = flac.create_libflac_encoder(rate, channels, bits, 5, length, false, 0);
  const parts: Uint8Array[] = [];
  flac.init_encoder_stream(
    encoder,
    (bytes) => void parts.push(Uint8Array.from(bytes)),
    () => undefined,
  );
  flac.FLAC__stream_encoder_process_interleaved(encoder, interleaved, length);
  flac.FLAC__stream_encoder_finish(encoder);
  flac.FLAC__stream_encoder_delete(encoder);
  return Buffer.concat(parts);
}
