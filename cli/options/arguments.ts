/** What verbs that open a checkpoint say of that argument. */
export const CHECKPOINT = "a run's folder, whose best.safetensors is meant, or any .safetensors file of a run";
/** What they say of a manifest of utterances with texts. */
export const MANIFEST = "a JSON Lines manifest of utterances and their texts";
