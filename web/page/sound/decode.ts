/** Seconds of sound that the page takes. */
export const LONGEST = 30;

/** Bytes of a file that the page decodes: a minute of 24-bit stereo at 96 kHz. */
const LARGEST = 40_000_000;

/**
 * The samples of a recording, mixed to one channel at the model's rate.
 *
 * @throws Error in a sentence, for what is no recording, too large, too long or silent
 */
export async function decode(file: Blob, name: string, sampleRate: number): Promise<Float32Array> {
  if (file.size > LARGEST)
    throw new Error(
      `${name} has ${Math.round(file.size / 1e6)} MB, and this page takes up to ${LARGEST / 1e6} MB: cut out up to ${LONGEST} s`,
    );
  const bytes = await file.arrayBuffer();
  const context = new OfflineAudioContext(1, 1, sampleRate);
  const decoded = await context.decodeAudioData(bytes).catch(() => {
    throw new Error(`${name} is no recording that this browser can decode: expected WAV, FLAC, MP3, Ogg or M4A`);
  });
  if (decoded.length === 0) throw new Error(`${name} holds no samples`);
  if (decoded.duration > LONGEST)
    throw new Error(`${name} lasts ${Math.round(decoded.duration)} s, and this page takes up to ${LONGEST} s`);
  return mixed(decoded);
}

/** The mean of all channels. */
function mixed(sound: AudioBuffer): Float32Array {
  const mix = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++)
    for (const [i, sample] of sound.getChannelData(channel).entries())
      mix[i] = (mix[i] as number) + sample / sound.numberOfChannels;
  return mix;
}
