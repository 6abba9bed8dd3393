/** A recording in progress. */
export interface Take {
  /** Ends it; the promise of `record` then resolves. */
  readonly stop: () => void;
  readonly sound: Promise<Blob>;
}

/**
 * Records from the microphone until stopped, or for `seconds`.
 *
 * @throws Error in a sentence, if the browser or the person refuses
 */
export async function record(seconds: number): Promise<Take> {
  const stream = await microphone();
  const recorder = new MediaRecorder(stream);
  const pieces: Blob[] = [];
  const sound = new Promise<Blob>((resolve, reject) => {
    recorder.ondataavailable = ({ data }) => void pieces.push(data);
    recorder.onerror = () => reject(new Error("the microphone has stopped: try again"));
    recorder.onstop = () => {
      clearTimeout(limit);
      for (const track of stream.getTracks()) track.stop();
      resolve(new Blob(pieces, { type: recorder.mimeType }));
    };
  });
  const stop = (): void => {
    if (recorder.state !== "inactive") recorder.stop();
  };
  const limit = setTimeout(stop, seconds * 1000);
  recorder.start();
  return { stop, sound };
}

const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError: "the browser refused the microphone: allow it for this page in the address bar, and try again",
  NotFoundError: "no microphone was found: connect one, or choose a clip or a file",
  NotReadableError: "the microphone is in use by another program: close that, and try again",
};

async function microphone(): Promise<MediaStream> {
  if (!navigator.mediaDevices)
    throw new Error("browsers give the microphone only to pages from https or localhost: choose a clip or a file");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  } catch (error) {
    const { name, message } = error as DOMException;
    throw new Error(REASONS[name] ?? `the microphone cannot be used: ${message}`, { cause: error });
  }
}
