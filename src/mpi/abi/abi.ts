// What differs between MPI libraries below the level of C source: how handles are passed, what the predefined ones are,
// the values of constants, and the layout of a status. One file beside this one fills the table for each family.
// Names follow the MPI standard; the calls themselves are the same everywhere and stand in raw-calls.ts.

export const ELEMENT_TYPES = [
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float32",
  "float64",
] as const;
/** An element of a typed array, named by kind and bits. */
export type ElementType = (typeof ELEMENT_TYPES)[number];

export const REDUCTIONS = ["sum", "min", "max", "product", "bit-or", "bit-and"] as const;
export type Reduction = (typeof REDUCTIONS)[number];

/** MPI_THREAD_*, in rising order; the numbers 0 to 3 are the same in both families. */
export const THREAD_LEVELS = ["single", "funneled", "serialized", "multiple"] as const;
export type ThreadLevel = (typeof THREAD_LEVELS)[number];

/** An MPI_Comm, MPI_Datatype ...: an address in Open MPI, an int in MPICH. */
export type Handle = bigint | number;
/** Memory for handles that calls write or read in arrays. */
export type HandleArray = BigUint64Array | Int32Array;

export const MPI_FAMILIES = ["open-mpi", "mpich"] as const;
export type MpiFamily = (typeof MPI_FAMILIES)[number];

export interface Abi {
  readonly family: MpiFamily;
  /** C type that every handle is passed as. */
  readonly handleType: "uintptr_t" | "int";
  /** Memory for `length` handles, all zero. */
  makeHandles(length: number): HandleArray;

  readonly commWorld: Handle;
  readonly commNull: Handle;
  readonly requestNull: Handle;
  readonly infoNull: Handle;
  readonly errorsReturn: Handle;
  readonly datatypes: Readonly<Record<ElementType, Handle>>;
  readonly reductions: Readonly<Record<Reduction, Handle>>;

  /** Passed where a buffer stands. */
  readonly inPlace: bigint;
  readonly anySource: number;
  readonly anyTag: number;
  readonly undefined: number;
  readonly commTypeShared: number;

  /** MPI_Status: its length, and where its public fields lie, all counted in 32-bit words. */
  readonly status: { readonly words: number; readonly source: number; readonly tag: number; readonly error: number };

  /** Bytes that MPI_Get_processor_name, MPI_Error_string and MPI_Get_library_version may write, over all versions. */
  readonly textBytes: number;
}
