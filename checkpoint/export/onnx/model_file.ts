import type { Graph } from "./graph.ts";
import { modelSchema, type ModelProto, type ValueInfoProto } from "./schema.ts";

/** LayerNormalization was added in opset 17, supported since 2022 with IR version 8. */
const OPSET = 17;
const IR_VERSION = 8;

/** What an ONNX file holds besides its nodes and weights. */
export interface ModelFile extends Pick<ModelProto["graph"], "name" | "docString" | "input" | "output"> {
  /** Strings are stored as they are, everything else as JSON. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The bytes of an ONNX file. */
export function modelFile(graph: Graph, { metadata, ...described }: ModelFile): Uint8Array {
  const model: ModelProto = {
    irVersion: IR_VERSION,
    producerName: "unfold",
    opsetImport: [{ domain: "", version: OPSET }],
    graph: { ...described, node: [...graph.nodes], initializer: [...graph.initialisers] },
    metadataProps: Object.entries(metadata).map(([key, entry]) => ({
      key,
      value: typeof entry === "string" ? entry : JSON.stringify(entry),
    })),
  };
  return modelSchema.encode(model).finish();
}

/** Describes an input or output; sizes given by a name may be any. */
export const value = (
  name: string,
  elemType: number,
  sizes: readonly (string | number)[],
  docString: string,
): ValueInfoProto => ({
  name,
  docString,
  type: {
    tensorType: {
      elemType,
      shape: { dim: sizes.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size })) },
    },
  },
});
