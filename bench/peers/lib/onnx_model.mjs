// Writes ONNX models: as much of protobuf as one graph of constants and nodes needs. Field numbers are those of onnx.proto3.
import { Buffer } from "node:buffer";

/** @typedef {[shape: readonly number[], data: Float32Array | BigInt64Array]} Constant */
/** @typedef {[operator: string, inputs: string[], outputs: string[], attributes?: Record<string, string | number | number[] | { float: number }>, domain?: string]} Node */

const FLOAT = 1,
  INT64 = 7; // TensorProto.DataType
const ATTRIBUTE_FLOAT = 1,
  ATTRIBUTE_INT = 2,
  ATTRIBUTE_STRING = 3,
  ATTRIBUTE_INTS = 7; // AttributeProto.AttributeType
const IR_VERSION = 8,
  OPSET = 17;

/**
 * A model without inputs: every operand is a constant.
 * @param {{ constants: Record<string, Constant>, nodes: Node[], outputs: Record<string, readonly number[]> }} graph outputs with their shapes
 */
export function onnxModel({ constants, nodes, outputs }) {
  const graph = message(
    ...nodes.map((node, i) => bytes(1, encodeNode(node, i))),
    text(2, "graph"),
    ...Object.entries(constants).map(([name, constant]) => bytes(5, encodeTensor(name, constant))),
    ...Object.entries(outputs).map(([name, shape]) => bytes(12, encodeValueInfo(name, shape))),
  );
  const operatorSet = (domain, version) => bytes(8, message(text(1, domain), integer(2, version)));
  return new Uint8Array(
    message(
      integer(1, IR_VERSION),
      text(2, "unfold peer benchmark"),
      bytes(7, graph),
      operatorSet("", OPSET),
      operatorSet("com.microsoft", 1),
    ),
  );
}

const message = (...parts) => Buffer.concat(parts);
const tag = (field, wireType) => varint((field << 3) | wireType);
const integer = (field, value) => message(tag(field, 0), varint(value));
const bytes = (field, value) => message(tag(field, 2), varint(value.length), value);
const text = (field, value) => bytes(field, Buffer.from(value));

function float(field, value) {
  const little = Buffer.alloc(4);
  little.writeFloatLE(value);
  return message(tag(field, 5), little);
}

/** Seven bits a byte, lowest first; negative numbers as 64-bit two's complement. */
function varint(value) {
  const out = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(out);
}

/** @param {Node} node @param {number} index */
function encodeNode([operator, inputs, outputs, attributes = {}, domain = ""], index) {
  return message(
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, `node${index}`),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, encodeAttribute(name, value))),
    text(7, domain),
  );
}

function encodeAttribute(name, value) {
  if (typeof value === "string") return message(text(1, name), text(4, value), integer(20, ATTRIBUTE_STRING));
  if (Array.isArray(value))
    return message(text(1, name), ...value.map((item) => integer(8, item)), integer(20, ATTRIBUTE_INTS));
  if (typeof value === "object") return message(text(1, name), float(2, value.float), integer(20, ATTRIBUTE_FLOAT));
  return message(text(1, name), integer(3, value), integer(20, ATTRIBUTE_INT));
}

/** @param {string} name @param {Constant} constant */
function encodeTensor(name, [shape, data]) {
  return message(
    ...shape.map((size) => integer(1, size)),
    integer(2, data instanceof BigInt64Array ? INT64 : FLOAT),
    text(8, name),
    bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );
}

function encodeValueInfo(name, shape) {
  const dimensions = message(...shape.map((size) => bytes(1, integer(1, size))));
  const tensorType = message(integer(1, FLOAT), bytes(2, dimensions));
  return message(text(1, name), bytes(2, bytes(1, tensorType)));
}
