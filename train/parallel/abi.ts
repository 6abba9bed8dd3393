import type { LibraryHandle } from "koffi";

/** A handle of MPI: a pointer or an integer, by family. */
export type Handle = unknown;

/** The constants of a family's binary interface. */
export interface Abi {
  /** koffi's type of a handle. */
  readonly handle: "void *" | "int";
  /** The value that an out parameter of a handle's type starts from. */
  readonly none: bigint | number;
  readonly inPlace: bigint;
  /** MPI_THREAD_SERIALIZED, MPI_COMM_TYPE_SHARED */
  readonly serialized: number;
  readonly shared: number;
  readonly world: Handle;
  readonly noInfo: Handle;
  readonly errorsReturn: Handle;
  readonly types: { readonly f32: Handle; readonly f64: Handle; readonly byte: Handle };
  readonly operations: { readonly sum: Handle; readonly max: Handle; readonly min: Handle };
}

/** Open MPI's handles are pointers to exported globals. */
function openMpi(library: LibraryHandle): Abi {
  const at = (name: string): Handle => library.symbol(name);
  return {
    handle: "void *",
    none: 0n,
    inPlace: 1n,
    serialized: 2,
    shared: 0,
    world: at("ompi_mpi_comm_world"),
    noInfo: at("ompi_mpi_info_null"),
    errorsReturn: at("ompi_mpi_errors_return"),
    types: { f32: at("ompi_mpi_float"), f64: at("ompi_mpi_double"), byte: at("ompi_mpi_byte") },
    operations: { sum: at("ompi_mpi_op_sum"), max: at("ompi_mpi_op_max"), min: at("ompi_mpi_op_min") },
  };
}

/** The interface that MPICH, Intel MPI, MVAPICH and Cray's MPI agreed on in 2013: handles are integers. */
const mpich: Abi = {
  handle: "int",
  none: 0,
  inPlace: 0xffff_ffff_ffff_ffffn,
  serialized: 2,
  shared: 1,
  world: 0x4400_0000,
  noInfo: 0x1c00_0000,
  errorsReturn: 0x5400_0001,
  types: { f32: 0x4c00_040a, f64: 0x4c00_080b, byte: 0x4c00_010d },
  operations: { sum: 0x5800_0003, max: 0x5800_0001, min: 0x5800_0002 },
};

/** MPI 5.0's own (mpi-forum/mpi-abi-stubs, mpi.h): handles are pointers of small fixed values. */
const standard: Abi = {
  handle: "void *",
  none: 0n,
  inPlace: 1n,
  serialized: 2048,
  shared: 221,
  world: 0x101n,
  noInfo: 0x130n,
  errorsReturn: 0x143n,
  types: { f32: 0x210n, f64: 0x214n, byte: 0x247n },
  operations: { sum: 0x21n, max: 0x23n, min: 0x22n },
};

/** Which interface a loaded library has, by what it exports and, for the standard one, by its file's name. */
export function abiOf(library: LibraryHandle, file: string): Abi {
  if (exports(library, "ompi_mpi_comm_world")) return openMpi(library);
  return file.includes("mpi_abi") && exports(library, "MPI_Abi_get_version") ? standard : mpich;
}

function exports(library: LibraryHandle, symbol: string): boolean {
  try {
    return Boolean(library.symbol(symbol));
  } catch {
    return false;
  }
}
