/** The name, among a batch's metrics, of the decoder's loss at a depth. */
export const attentionName = (depth: number | string): string => `attention ${depth}`;
