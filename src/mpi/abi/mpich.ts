// MPICH 4 and the libraries of its common ABI (since 3.1): Intel MPI, Cray MPICH, MVAPICH, ParaStation. Handles are
// ints whose bits are fixed; the values are those of MPICH's mpi.h (4.0.2) and part of that ABI.

import type { Abi } from "./abi.ts";

export function makeMpichAbi(): Abi {
  return {
    family: "mpich",
    handleType: "int",
    makeHandles: (length) => new Int32Array(length),
    commWorld: 0x44000000,
    commNull: 0x04000000,
    requestNull: 0x2c000000,
    infoNull: 0x1c000000,
    errorsReturn: 0x54000001,
    datatypes: {
      int8: 0x4c000137,
      uint8: 0x4c00013b,
      int16: 0x4c000238,
      uint16: 0x4c00023c,
      int32: 0x4c000439,
      uint32: 0x4c00043d,
      int64: 0x4c00083a,
      uint64: 0x4c00083e,
      float32: 0x4c00040a,
      float64: 0x4c00080b,
    },
    reductions: {
      max: 0x58000001,
      min: 0x58000002,
      sum: 0x58000003,
      product: 0x58000004,
      "bit-and": 0x58000006,
      "bit-or": 0x58000008,
    },
    // (void *) -1
    inPlace: 0xffff_ffff_ffff_ffffn,
    anySource: -2,
    anyTag: -1,
    undefined: -32766,
    commTypeShared: 1,
    // struct { int count_lo, count_hi_and_cancelled, MPI_SOURCE, MPI_TAG, MPI_ERROR; }
    status: { words: 5, source: 2, tag: 3, error: 4 },
    textBytes: 8192,
  };
}
