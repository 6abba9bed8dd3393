import protobuf from "protobufjs/light.js";

/*
 * The parts of ONNX's schema (onnx/onnx.proto, https://github.com/onnx/onnx, IR version 8) that a network of float
 * tensors needs, with its field numbers. It is valid ONNX: readers know every field written here and find every field
 * they require.
 */

export interface ModelProto {
  irVersion: number;
  producerName: string;
  graph: GraphProto;
  opsetImport: { domain: string; version: number }[];
  metadataProps: { key: string; value: string }[];
}

export interface GraphProto {
  name: string;
  docString: string;
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
}

export interface NodeProto {
  name: string;
  opType: string;
  input: string[];
  output: string[];
  attribute: AttributeProto[];
}

export type AttributeProto = { name: string } & (
  | { type: typeof AttributeType.FLOAT; f: number }
  | { type: typeof AttributeType.INT; i: number }
  | { type: typeof AttributeType.INTS; ints: readonly number[] }
);

export interface TensorProto {
  name: string;
  dims: readonly number[];
  dataType: number;
  /** Little-endian and row-major. */
  rawData: Uint8Array;
}

export interface ValueInfoProto {
  name: string;
  docString: string;
  type: { tensorType: { elemType: number; shape: { dim: ({ dimValue: number } | { dimParam: string })[] } } };
}

export const AttributeType = { FLOAT: 1, INT: 2, INTS: 7 } as const;
export const DataType = { FLOAT: 1, INT64: 7 } as const;

const one = (type: string, id: number): protobuf.IField => ({ type, id });
const many = (type: string, id: number): protobuf.IField => ({ rule: "repeated", type, id });

/** Encodes and decodes a `ModelProto`, the content of an .onnx file. */
export const modelSchema = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: one("int64", 1),
        producerName: one("string", 2),
        graph: one("GraphProto", 7),
        opsetImport: many("OperatorSetIdProto", 8),
        metadataProps: many("StringStringEntryProto", 14),
      },
    },
    OperatorSetIdProto: { fields: { domain: one("string", 1), version: one("int64", 2) } },
    StringStringEntryProto: { fields: { key: one("string", 1), value: one("string", 2) } },
    GraphProto: {
      fields: {
        node: many("NodeProto", 1),
        name: one("string", 2),
        initializer: many("TensorProto", 5),
        docString: one("string", 10),
        input: many("ValueInfoProto", 11),
        output: many("ValueInfoProto", 12),
      },
    },
    NodeProto: {
      fields: {
        input: many("string", 1),
        output: many("string", 2),
        name: one("string", 3),
        opType: one("string", 4),
        attribute: many("AttributeProto", 5),
      },
    },
    AttributeProto: {
      fields: {
        name: one("string", 1),
        f: one("float", 2),
        i: one("int64", 3),
        ints: many("int64", 8),
        type: one("int32", 20),
      },
    },
    TensorProto: {
      fields: { dims: many("int64", 1), dataType: one("int32", 2), name: one("string", 8), rawData: one("bytes", 9) },
    },
    ValueInfoProto: { fields: { name: one("string", 1), type: one("TypeProto", 2), docString: one("string", 3) } },
    TypeProto: {
      fields: { tensorType: one("TensorType", 1) },
      nested: { TensorType: { fields: { elemType: one("int32", 1), shape: one("TensorShapeProto", 2) } } },
    },
    TensorShapeProto: {
      fields: { dim: many("Dimension", 1) },
      nested: { Dimension: { fields: { dimValue: one("int64", 1), dimParam: one("string", 2) } } },
    },
  },
}).lookupType("ModelProto");
