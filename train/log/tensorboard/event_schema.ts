import protobuf from "protobufjs/light.js";

/** An event of a run, with exactly one of the last three fields. */
export interface Event {
  /** Seconds since 1970. */
  wallTime: number;
  step?: number;
  /** "brain.Event:2", once at the start of a file. */
  fileVersion?: string;
  summary?: { value: Scalar[] };
  /** Marks a run resumed at `step`: readers drop what older files have from that step on. */
  sessionLog?: { status: typeof SESSION_START };
}

export interface Scalar {
  tag: string;
  simpleValue: number;
}

export const FILE_VERSION = "brain.Event:2";
export const SESSION_START = 1;

/** The parts of TensorFlow's event.proto and summary.proto that scalars need. */
const schema = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: { type: "double", id: 1 },
        step: { type: "int64", id: 2 },
        fileVersion: { type: "string", id: 3 },
        summary: { type: "Summary", id: 5 },
        sessionLog: { type: "SessionLog", id: 7 },
      },
    },
    Summary: {
      fields: { value: { rule: "repeated", type: "Value", id: 1 } },
      nested: {
        Value: {
          oneofs: { value: { oneof: ["simpleValue"] } }, // as in summary.proto: a member of a oneof is written even if it is 0
          fields: { tag: { type: "string", id: 1 }, simpleValue: { type: "float", id: 2 } },
        },
      },
    },
    SessionLog: { fields: { status: { type: "int32", id: 1 } } },
  },
}).lookupType("Event");

export const encodeEvent = (event: Event): Uint8Array => schema.encode(event).finish();
