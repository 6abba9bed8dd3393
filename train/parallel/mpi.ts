import type { KoffiFunc } from "koffi";
import { RunError } from "../../engine/errors.ts";
import { abiOf, type Abi, type Handle } from "./abi.ts";
import { alone, type Communicator, type Exchanged, type Reduction } from "./communicator.ts";
import { expectAllRanks, launchedBy, type Launched } from "./launcher.ts";
import { loadMpi } from "./library.ts";

/** Of calls that move parts of the same length. */
const PARTS = "void *from, int sent, HANDLE type, void *to, int received, HANDLE same, HANDLE comm";

type ForeignFunction = KoffiFunc<(...words: unknown[]) => unknown>;

/**
 * The ranks that a launcher has started, through MPI; `alone` for a process that none has started, which then loads nothing.
 *
 * @throws UserError if there is no library, or one of another MPI than the launcher's
 */
export async function openCommunicator(): Promise<Communicator> {
  const launched = launchedBy();
  return launched ? openMpi(launched) : alone;
}

async function openMpi(launched: Launched): Promise<Communicator> {
  const { library, file } = await loadMpi(launched.family);
  const abi = abiOf(library, file);
  const define = (prototype: string): ForeignFunction => library.func(prototype.replaceAll("HANDLE", abi.handle));
  const errorString = define("int MPI_Error_string(int code, void *text, _Out_ int *length)");
  const check = (code: unknown, what: string): void => {
    if (code !== 0)
      throw new RunError(`${what} failed: ${textOf((bytes, length) => errorString(code, bytes, length))}`);
  };

  // MPI starts and ends on the thread that runs JavaScript; in between, koffi's worker threads call it, one at a time.
  const provided = [0];
  const init = define("int MPI_Init_thread(void *argc, void *argv, int required, _Out_ int *provided)");
  check(init(null, null, abi.serialized, provided), "MPI_Init_thread");
  if ((provided[0] as number) < abi.serialized)
    throw new RunError(`${file} does not allow calls from several threads: MPI_THREAD_SERIALIZED is needed`);
  const setHandler = define("int MPI_Comm_set_errhandler(HANDLE comm, HANDLE handler)");
  check(setHandler(abi.world, abi.errorsReturn), "MPI_Comm_set_errhandler");
  const places = readPlaces(define, abi, check);
  const abort = define("int MPI_Abort(HANDLE comm, int code)");
  const finalize = define("int MPI_Finalize()");
  try {
    expectAllRanks(launched, places.size, file);
  } catch (error) {
    finalize(); // each of them is alone
    throw error;
  }

  const calls = {
    allReduce: define("int MPI_Allreduce(void *from, void *to, int count, HANDLE type, HANDLE op, HANDLE comm)"),
    broadcast: define("int MPI_Bcast(void *values, int count, HANDLE type, int root, HANDLE comm)"),
    allToAll: define(`int MPI_Alltoall(${PARTS})`),
    allGather: define(`int MPI_Allgather(${PARTS})`),
    barrier: define("int MPI_Barrier(HANDLE comm)"),
  };
  // One call at a time, as MPI_THREAD_SERIALIZED demands: each waits for the one before.
  let latest: Promise<unknown> = Promise.resolve();
  const inThread = (what: string, call: ForeignFunction, ...words: unknown[]): Promise<void> => {
    const own = latest.then(() => called(call, words)).then((code) => check(code, what));
    latest = own.catch(() => undefined);
    return own;
  };
  /** A move of 16-bit values, as bytes, so many of them in a part. */
  const move = (what: string, call: ForeignFunction, from: Uint16Array, to: Uint16Array, part: number): Promise<void> =>
    inThread(what, call, from, 2 * part, abi.types.byte, to, 2 * part, abi.types.byte, abi.world);
  const typeOf = (values: Exchanged): Handle =>
    values instanceof Float32Array ? abi.types.f32 : values instanceof Float64Array ? abi.types.f64 : abi.types.byte;

  return {
    ...places,
    name: file,
    allReduce: (values, reduction: Reduction = "sum") =>
      inThread(
        "MPI_Allreduce",
        calls.allReduce,
        abi.inPlace,
        values,
        values.length,
        typeOf(values),
        abi.operations[reduction],
        abi.world,
      ),
    broadcast: (values, root = 0) =>
      inThread("MPI_Bcast", calls.broadcast, values, values.length, typeOf(values), root, abi.world),
    allToAll: (from, to) => move("MPI_Alltoall", calls.allToAll, from, to, from.length / places.size),
    allGather: (from, to) => move("MPI_Allgather", calls.allGather, from, to, from.length),
    barrier: () => inThread("MPI_Barrier", calls.barrier, abi.world),
    abort: (code) => void abort(abi.world, code),
    finalize: () => check(finalize(), "MPI_Finalize"),
  };
}

/** Where this process stands among all, and among those of its host. */
function readPlaces(
  define: (prototype: string) => ForeignFunction,
  abi: Abi,
  check: (code: unknown, what: string) => void,
): Pick<Communicator, "rank" | "size" | "localRank" | "localSize"> {
  const number = (call: ForeignFunction, comm: Handle, what: string): number => {
    const out = [0];
    check(call(comm, out), what);
    return out[0] as number;
  };
  const rank = define("int MPI_Comm_rank(HANDLE comm, _Out_ int *rank)");
  const size = define("int MPI_Comm_size(HANDLE comm, _Out_ int *size)");
  const split = define("int MPI_Comm_split_type(HANDLE comm, int type, int key, HANDLE info, _Out_ HANDLE *out)");
  const own = number(rank, abi.world, "MPI_Comm_rank");
  const host: Handle[] = [abi.none];
  check(split(abi.world, abi.shared, own, abi.noInfo, host), "MPI_Comm_split_type");
  return {
    rank: own,
    size: number(size, abi.world, "MPI_Comm_size"),
    localRank: number(rank, host[0], "MPI_Comm_rank"),
    localSize: number(size, host[0], "MPI_Comm_size"),
  };
}

/** Calls a function on one of koffi's worker threads, while JavaScript goes on. */
const called = (call: ForeignFunction, words: readonly unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    call.async(...words, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)));
  });

function textOf(call: (bytes: Buffer, length: number[]) => unknown): string {
  const bytes = Buffer.alloc(1024);
  const length = [0];
  call(bytes, length);
  return bytes.toString("latin1", 0, length[0]);
}
