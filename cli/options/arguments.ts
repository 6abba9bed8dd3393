/** Help text for the argument of verbs that open a checkpoint. */
export const CHECKPOINT = "a run's folder, for its best.safetensors, or any .safetensors file of a run";
/** Help text for a manifest of utterances with texts. */
export const MANIFEST = "a JSON Lines manifest of utterances and their texts";
