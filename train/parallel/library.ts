import type { LibraryHandle } from "koffi";
import { UserError } from "../../engine/errors.ts";
import type { MpiFamily } from "./launcher.ts";

type Koffi = typeof import("koffi").default;

/** Names under which the dynamic linker finds each family's library, and the package that brings it. */
const FAMILIES: Record<MpiFamily, { readonly files: readonly string[]; readonly packages: string }> = {
  openmpi: {
    files: ["libmpi.so.40", "libmpi_abi.so.0"],
    packages: "Open MPI (Debian and Ubuntu: openmpi-bin libopenmpi3)",
  },
  mpich: {
    files: ["libmpich.so.12", "libmpi.so.12", "libmpi_abi.so.0"],
    packages: "MPICH (Debian and Ubuntu: mpich libmpich12)",
  },
};

/** RTLD_NOW | RTLD_NODELETE */
const NOW_AND_FOR_GOOD = process.platform === "darwin" ? 0x2 | 0x80 : 0x2 | 0x1000;

/**
 * Loads the MPI library of the launcher's family, or the one that UNFOLD_MPI names.
 *
 * @throws UserError naming the package to install
 */
export async function loadMpi(family: MpiFamily | undefined): Promise<{ library: LibraryHandle; file: string }> {
  prepareEnvironment();
  const { default: koffi } = await import("koffi");
  giveThreadsStack(koffi);
  const own = process.env["UNFOLD_MPI"];
  const families = family ? [family] : (["openmpi", "mpich"] as const);
  const files = own ? [own] : families.flatMap((one) => FAMILIES[one].files);
  const failures: string[] = [];
  for (const file of files)
    try {
      const library = koffi.load(file, { global: true });
      keepLoaded(koffi, file);
      return { library, file };
    } catch (error) {
      failures.push((error as Error).message);
    }
  throw new UserError(
    own
      ? `UNFOLD_MPI names ${own}, which cannot be loaded: ${failures.join("; ")}`
      : `several processes were started to train together, but no MPI library can be loaded: install ${families.map((one) => FAMILIES[one].packages).join(" or ")}, ` +
          `or set UNFOLD_MPI to the library's path (tried ${files.join(", ")})`,
  );
}

/** What libraries read from the environment as they are loaded. What a user has set stays. */
function prepareEnvironment(): void {
  const { env } = process;
  // UCX patches malloc and catches SIGSEGV; in Node its hooks unmap part of the heap (3 of 20 runs crashed under MPICH 4.0.2, none of 40 without).
  env["UCX_MEM_EVENTS"] ??= "no";
  env["UCX_ERROR_SIGNALS"] ??= "";
  // Open MPI waits by spinning; so it gives way to who needs the core: a software driver, threads that read audio, TCP itself.
  env["OMPI_MCA_mpi_yield_when_idle"] ??= "1";
  // The order of a sum decides its last bits: always the same algorithm (6: Rabenseifner's), so that a run repeats itself.
  env["OMPI_MCA_coll_tuned_use_dynamic_rules"] ??= "1";
  env["OMPI_MCA_coll_tuned_allreduce_algorithm"] ??= "6";
}

/** Worker threads have 128 KiB of stack otherwise, of which MPICH with UCX dies. Possible only before the process's first `koffi.load`. */
function giveThreadsStack(koffi: Koffi): void {
  try {
    koffi.config({ async_stack_size: 4 << 20 });
  } catch {
    /* koffi has loaded something before: Open MPI does with less */
  }
}

/** koffi unloads its libraries as Node ends; worker threads would then run destructors that are gone. */
function keepLoaded(koffi: Koffi, file: string): void {
  const dlopen = koffi.load(null).func("void *dlopen(const char *path, int flags)");
  if (dlopen(file, NOW_AND_FOR_GOOD) === null) throw new Error(`${file} cannot be kept loaded`);
}
