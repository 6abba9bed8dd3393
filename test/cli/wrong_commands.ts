/** Each in a folder of its own: they run at once, and some lock theirs before they fail. */
let folders = 0;
export const train = (...words: string[]): string[] => ["train", "@config.yaml", "--out", `@new${folders++}`, ...words];
const resume = (...words: string[]): string[] => [
  "train",
  "@config.yaml",
  "--set",
  "steps=3",
  "--out",
  "@run",
  "--resume",
  ...words,
];

/** What a user may type that is wrong, with the one sentence that it gets. A word that begins with @ is a path in the test's folder. */
export const WRONG: [name: string, words: string[], message: RegExp][] = [
  [
    "npm start with a wrong setting, before anything else",
    ["start", "--set", "steps=20", "--out", "@started"],
    /^--set steps=20: steps cannot be given together with epochs; set one of them to null\.$/,
  ],
  ["a missing file", ["transcribe", "@run", "@nothing.wav"], /^nothing\.wav does not exist\.$/],
  ["an empty file", ["transcribe", "@run", "@empty.wav"], /^empty\.wav is empty: it has 0 bytes\.$/],
  [
    "a file that is cut short",
    ["transcribe", "@run", "@half.wav"],
    /^half\.wav is truncated: its header announces 8000 bytes of samples, but there are only 3978\.$/,
  ],
  [
    "a file that is no audio",
    ["transcribe", "@run", "@text.wav"],
    /^text\.wav is not a supported audio file: expected WAV, AIFF, FLAC, MP3, Ogg Vorbis or Ogg Opus\.$/,
  ],
  ["a folder", ["transcribe", "@run", "@run"], /run is a folder, not an audio file\.$/],
  [
    "audio without a sample",
    ["transcribe", "@run", "@silent.wav"],
    /^silent\.wav contains no audio: its length is 0 samples\.$/,
  ],
  ["audio too short for a frame", ["transcribe", "@run", "@click.wav"], /^click\.wav: 37 ms of audio is too short/],
  [
    "a manifest with a missing file",
    train("--set", "data.train=missing.jsonl"),
    /^missing\.jsonl, line 7: nothing\.wav does not exist\.$/,
  ],
  [
    "a manifest with a file cut short",
    ["eval", "@run", "@half.jsonl"],
    /^half\.jsonl, line 7: half\.wav is truncated: /,
  ],
  [
    "a manifest with audio without a sample",
    ["eval", "@run", "@silent.jsonl"],
    /^silent\.jsonl, line 7: silent\.wav contains no audio/,
  ],
  [
    "a search that needs a decoder",
    ["eval", "@run", "@train.jsonl", "--search", "joint"],
    /^the search 'joint' needs a model with a decoder, but run\/best\.safetensors has CTC alone$/,
  ],
  [
    "a transcription that needs a decoder",
    ["transcribe", "@run", "@u0.wav", "--search", "rescore"],
    /^the search 'rescore' needs a model with a decoder, but run\/best\.safetensors has CTC alone$/,
  ],
  [
    "a dev evaluation that needs a decoder",
    train("--set", "eval.search=joint"),
    /^--set eval\.search=joint: eval\.search is joint, which needs a decoder, but the model has CTC alone: model\.decoder is not set\.$/,
  ],
  [
    "a CTC weight for CTC alone",
    ["eval", "@run", "@train.jsonl", "--ctc-weight", "0.5"],
    /^--ctc-weight belongs to --search joint or rescore, but the search is ctc$/,
  ],
  [
    "a CTC weight above 1",
    ["eval", "@run", "@train.jsonl", "--search", "joint", "--ctc-weight", "30"],
    /^--ctc-weight: expected a number from 0 to 1, got '30'$/,
  ],
  [
    "a missing manifest",
    ["eval", "@run", "@nothing.jsonl"],
    /^cannot read the manifest nothing\.jsonl: there is no such file$/,
  ],
  [
    "a manifest line that is not JSON",
    train("--set", "data.train=not_json.jsonl"),
    /^not_json\.jsonl, line 2: not JSON: \S.+$/,
  ],
  [
    "a manifest line without a text",
    ["eval", "@run", "@no_text.jsonl"],
    /^no_text\.jsonl, line 1: field "text": .*expected string/,
  ],
  ["a manifest without lines", ["eval", "@run", "@no_lines.jsonl"], /^the manifest no_lines\.jsonl has no utterances$/],
  [
    "nothing but texts too long for their audio",
    train("--set", "data.train=all_short.jsonl"),
    /^none of the 1 utterances can be used; the first, u0: too short for its text: \d+ frames after subsampling, but CTC needs 80/,
  ],
  ["no config", ["train", "@nothing.yaml"], /^cannot read the config nothing\.yaml: there is no such file\.$/],
  [
    "an unknown key in --set",
    train("--set", "model.dims=3"),
    /^--set model\.dims=3: model\.dims is not a key; the nearest valid one is model\.dim\.$/,
  ],
  [
    "a checkpoint cut short",
    ["inspect", "@half.safetensors"],
    /^half\.safetensors: tensor '.+' ends at byte \d+ of the data, but there are only \d+; the file is truncated\.$/,
  ],
  [
    "offsets beyond the file",
    ["inspect", "@beyond.safetensors"],
    /^beyond\.safetensors: tensor '.+' ends at byte \d+ of the data, but there are only \d+/,
  ],
  [
    "an empty checkpoint",
    ["inspect", "@empty.safetensors"],
    /^empty\.safetensors is not a safetensors file: it has 0 bytes/,
  ],
  ["a checkpoint that is something else", ["inspect", "@u0.wav"], /^u0\.wav is not a safetensors file or is truncated/],
  [
    "a safetensors file of another program",
    ["inspect", "@foreign.safetensors"],
    /^foreign\.safetensors is a safetensors file, but not an unfold checkpoint/,
  ],
  [
    "a checkpoint whose header is damaged",
    ["inspect", "@no_config.safetensors"],
    /^no_config\.safetensors: the checkpoint's header is not a valid unfold header: config: /,
  ],
  [
    "a checkpoint of another shape",
    ["inspect", "@other_shape.safetensors"],
    /^other_shape\.safetensors does not fit the model of its config: \S+ is \[.+\], expected \[.+\]; .+; and \d+ more$/,
  ],
  [
    "a run whose checkpoint is cut short, to be resumed",
    ["train", "@config.yaml", "--out", "@cut", "--resume"],
    /^.*cut\/last\.safetensors: tensor '.+' ends at byte/,
  ],
  [
    "a checkpoint that lacks a tensor",
    ["transcribe", "@one_less.safetensors", "@u0.wav"],
    /^one_less\.safetensors does not fit the model of its config: ctc_lo\.bias is missing$/,
  ],
  [
    "a checkpoint of other features",
    ["transcribe", "@other_bins.safetensors", "@u0.wav"],
    /^other_bins\.safetensors: the normalisation has 1 bins, but the config's features have 10$/,
  ],
  [
    "no checkpoint",
    ["eval", "@nowhere", "@dev.jsonl"],
    /^the checkpoint .*nowhere cannot be read: there is no such file$/,
  ],
  ...["0", "2,1000000"].map((depths): [string, string[], RegExp] => [
    `--depths '${depths}'`,
    ["eval", "@run", "@dev.jsonl", `--depths=${depths}`],
    /^--depths: expected whole numbers from 1 to 1000 separated by commas, such as 2,4,6, got '/,
  ]),
  [
    "--paths 2 of depths that have one",
    ["eval", "@run", "@dev.jsonl", "--paths", "2"],
    /^--paths: expected 'all' or at most 1, the number of legal paths of the depth that has most, depth \d, got 2$/,
  ],
  [
    "--depth 0",
    ["transcribe", "@run", "@u0.wav", "--depth", "0"],
    /^--depth: expected a whole number from 1 to 1000, got '0'$/,
  ],
  [
    "--beam 0",
    ["eval", "@run", "@dev.jsonl", "--beam", "0"],
    /^--beam: expected a whole number from 1 to 1000, got '0'$/,
  ],
  [
    "--out with a run in it",
    ["train", "@config.yaml", "--out", "@run"],
    /^.*run already holds a run: add --resume to continue it, or choose another folder with --out$/,
  ],
  [
    "--out in place of a file",
    ["train", "@config.yaml", "--out", "@u0.wav"],
    /u0\.wav cannot be created: a file is in its place$/,
  ],
  ["--resume without a run", train("--resume"), /^new\d+ holds no run to resume: last\.safetensors is missing$/],
  [
    "--resume with another config",
    resume("--set", "model.dropout=0.2", "--set", "data.sample_rate=16000"),
    /run\/last\.safetensors was trained with another config, so the run cannot be resumed exactly: data\.sample_rate was 8000, is now 16000, model\.dropout was 0\.1, is now 0\.2; add --force to resume with the new one$/,
  ],
  [
    "--resume with a letter the model does not know",
    resume("--set", "data.train=other_letter.jsonl"),
    /^other_letter\.jsonl, line 4: 'ö' \(U\+00F6\) in the text "bö" is not among the model's 3 characters$/,
  ],
  [
    "--resume --force with a model of another shape",
    resume("--force", "--set", "model.dim=32"),
    /run\/last\.safetensors was trained with another config: model\.dim was 16, is now 32; this changes the model, so a new run is needed: choose another folder with --out$/,
  ],
  ["--force without --resume", train("--force"), /^--force needs --resume: it resumes a run whose config has changed$/],
  [
    "a folder that another process trains in",
    ["train", "@config.yaml", "--out", "@locked"],
    new RegExp(
      `^another run is writing to locked: process ${process.pid} on .+, since 2026-01-02T03:04:05Z; wait until it ends or choose another folder with --out$`,
      "u",
    ),
  ],
  [
    "average of one checkpoint",
    ["average", "@run", "--out", "@mean.safetensors"],
    /^averaging needs two or more checkpoints, got 1$/,
  ],
  [
    "average of another model",
    ["average", "@run", "@one_less.safetensors", "--out", "@mean.safetensors"],
    /^one_less\.safetensors is a different model from run\/best\.safetensors: ctc_lo\.bias is missing, expected \[\d\]$/,
  ],
  [
    "average over a file",
    ["average", "@run", "@run", "--out", "@run/last.safetensors"],
    /^run\/last\.safetensors already exists: choose another name, or add --force$/,
  ],
  [
    "average over what it reads",
    ["average", "@run", "@run/last.safetensors", "--out", "@run/best.safetensors", "--force"],
    /^--out: run\/best\.safetensors is one of the input files and would be lost: choose another place$/,
  ],
  [
    "a name with control characters",
    ["inspect", "@no\x1b[31mthing"],
    /^the checkpoint no\\u001b\[31mthing cannot be read: there is no such file$/u,
  ],
  [
    "average to a name that is none of a checkpoint",
    ["average", "@run", "@run", "--out", "@mean"],
    /^--out: expected a name that ends in \.safetensors, got 'mean'$/,
  ],
  [
    "average to a folder that is not there",
    ["average", "@run", "@run", "--out", "@nowhere/mean.safetensors"],
    /^--out: there is no folder nowhere$/,
  ],
  [
    "--resume with another training set",
    resume("--set", "data.train=one_less.jsonl"),
    /run\/last\.safetensors was trained on other utterances than the training set has now/,
  ],
];
