// Open MPI 4 and 5 (libmpi.so.40 in both). Handles are addresses of objects that the library exports by name; the
// constants are those of its mpi.h (4.1.4), unchanged in 5.0. Spectrum MPI and HPC-X are built from the same source.

import type { LibraryHandle } from "koffi";
import type { Abi } from "./abi.ts";

export function makeOpenMpiAbi(library: LibraryHandle): Abi {
  const at = (name: string): bigint => library.symbol(name) as bigint;
  return {
    family: "open-mpi",
    handleType: "uintptr_t",
    makeHandles: (length) => new BigUint64Array(length),
    commWorld: at("ompi_mpi_comm_world"),
    commNull: at("ompi_mpi_comm_null"),
    requestNull: at("ompi_request_null"),
    infoNull: at("ompi_mpi_info_null"),
    errorsReturn: at("ompi_mpi_errors_return"),
    datatypes: {
      int8: at("ompi_mpi_int8_t"),
      uint8: at("ompi_mpi_uint8_t"),
      int16: at("ompi_mpi_int16_t"),
      uint16: at("ompi_mpi_uint16_t"),
      int32: at("ompi_mpi_int32_t"),
      uint32: at("ompi_mpi_uint32_t"),
      int64: at("ompi_mpi_int64_t"),
      uint64: at("ompi_mpi_uint64_t"),
      float32: at("ompi_mpi_float"),
      float64: at("ompi_mpi_double"),
    },
    reductions: {
      sum: at("ompi_mpi_op_sum"),
      min: at("ompi_mpi_op_min"),
      max: at("ompi_mpi_op_max"),
      product: at("ompi_mpi_op_prod"),
      "bit-or": at("ompi_mpi_op_bor"),
      "bit-and": at("ompi_mpi_op_band"),
    },
    inPlace: 1n,
    anySource: -1,
    anyTag: -1,
    undefined: -32766,
    commTypeShared: 0,
    // struct { int MPI_SOURCE, MPI_TAG, MPI_ERROR, _cancelled; size_t _ucount; }
    status: { words: 6, source: 0, tag: 1, error: 2 },
    textBytes: 256,
  };
}
