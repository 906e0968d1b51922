// The lowest tier: MPI's functions as the library exports them, one C prototype each, as the standard (3.1) writes them.
// The prototype is at once the declaration for koffi and, read by the types below, the TypeScript signature, so the two
// cannot disagree. Nothing is checked here: codes are returned, pointers are what the caller passes. koffi hands the
// memory of a typed array over as it is, shared WebAssembly memory too, without a copy.

import koffi, { type LibraryHandle } from "koffi";
import type { Abi, Handle } from "./abi/abi.ts";

export const PROTOTYPES = {
  // Start and end.
  MPI_Init_thread: "int MPI_Init_thread(void *argc, void *argv, int required, int *provided)",
  MPI_Initialized: "int MPI_Initialized(int *flag)",
  MPI_Finalize: "int MPI_Finalize(void)",
  MPI_Finalized: "int MPI_Finalized(int *flag)",
  MPI_Abort: "int MPI_Abort(MPI_Comm comm, int errorcode)",
  MPI_Get_library_version: "int MPI_Get_library_version(char *version, int *resultlen)",
  MPI_Get_processor_name: "int MPI_Get_processor_name(char *name, int *resultlen)",
  MPI_Wtime: "double MPI_Wtime(void)",

  // Errors.
  MPI_Comm_set_errhandler: "int MPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler errhandler)",
  MPI_Error_string: "int MPI_Error_string(int errorcode, char *string, int *resultlen)",

  // Communicators.
  MPI_Comm_rank: "int MPI_Comm_rank(MPI_Comm comm, int *rank)",
  MPI_Comm_size: "int MPI_Comm_size(MPI_Comm comm, int *size)",
  MPI_Comm_dup: "int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm)",
  MPI_Comm_split: "int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *newcomm)",
  MPI_Comm_split_type:
    "int MPI_Comm_split_type(MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm)",
  MPI_Comm_free: "int MPI_Comm_free(MPI_Comm *comm)",

  // Point to point.
  MPI_Send: "int MPI_Send(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)",
  MPI_Recv:
    "int MPI_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Status *status)",
  MPI_Isend:
    "int MPI_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm, MPI_Request *request)",
  MPI_Irecv:
    "int MPI_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Request *request)",
  MPI_Probe: "int MPI_Probe(int source, int tag, MPI_Comm comm, MPI_Status *status)",
  MPI_Iprobe: "int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)",
  MPI_Get_count: "int MPI_Get_count(const MPI_Status *status, MPI_Datatype datatype, int *count)",

  // Requests.
  MPI_Wait: "int MPI_Wait(MPI_Request *request, MPI_Status *status)",
  MPI_Test: "int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)",
  MPI_Waitall: "int MPI_Waitall(int count, MPI_Request *requests, MPI_Status *statuses)",
  MPI_Testall: "int MPI_Testall(int count, MPI_Request *requests, int *flag, MPI_Status *statuses)",

  // Collectives that block.
  MPI_Barrier: "int MPI_Barrier(MPI_Comm comm)",
  MPI_Bcast: "int MPI_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm)",
  MPI_Reduce:
    "int MPI_Reduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root, MPI_Comm comm)",
  MPI_Allreduce:
    "int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)",
  MPI_Gather:
    "int MPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)",
  MPI_Gatherv:
    "int MPI_Gatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int *recvcounts, const int *displs, MPI_Datatype recvtype, int root, MPI_Comm comm)",
  MPI_Allgather:
    "int MPI_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm)",
  MPI_Allgatherv:
    "int MPI_Allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int *recvcounts, const int *displs, MPI_Datatype recvtype, MPI_Comm comm)",
  MPI_Scatter:
    "int MPI_Scatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)",
  MPI_Scatterv:
    "int MPI_Scatterv(const void *sendbuf, const int *sendcounts, const int *displs, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)",
  MPI_Alltoall:
    "int MPI_Alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm)",
  MPI_Alltoallv:
    "int MPI_Alltoallv(const void *sendbuf, const int *sendcounts, const int *sdispls, MPI_Datatype sendtype, void *recvbuf, const int *recvcounts, const int *rdispls, MPI_Datatype recvtype, MPI_Comm comm)",

  // The same, started only.
  MPI_Ibarrier: "int MPI_Ibarrier(MPI_Comm comm, MPI_Request *request)",
  MPI_Ibcast:
    "int MPI_Ibcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm, MPI_Request *request)",
  MPI_Ireduce:
    "int MPI_Ireduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root, MPI_Comm comm, MPI_Request *request)",
  MPI_Iallreduce:
    "int MPI_Iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request)",
  MPI_Igather:
    "int MPI_Igather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request)",
  MPI_Igatherv:
    "int MPI_Igatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int *recvcounts, const int *displs, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request)",
  MPI_Iallgather:
    "int MPI_Iallgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)",
  MPI_Iallgatherv:
    "int MPI_Iallgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int *recvcounts, const int *displs, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)",
  MPI_Iscatter:
    "int MPI_Iscatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request)",
  MPI_Iscatterv:
    "int MPI_Iscatterv(const void *sendbuf, const int *sendcounts, const int *displs, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request)",
  MPI_Ialltoall:
    "int MPI_Ialltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)",
  MPI_Ialltoallv:
    "int MPI_Ialltoallv(const void *sendbuf, const int *sendcounts, const int *sdispls, MPI_Datatype sendtype, void *recvbuf, const int *recvcounts, const int *rdispls, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)",
} as const;

export type CallName = keyof typeof PROTOTYPES;

/** Memory that a call reads or writes: a view of it, an address, or NULL. */
export type Pointer = ArrayBufferView | bigint | null;
export type Argument = Pointer | Handle;

type ArgumentOf<Parameter extends string> = Parameter extends `${string}*${string}`
  ? Pointer
  : Parameter extends `int ${string}`
    ? number
    : Handle;
type ArgumentsOf<Parameters extends string> = Parameters extends "void"
  ? []
  : Parameters extends `${infer First}, ${infer Rest}`
    ? [ArgumentOf<First>, ...ArgumentsOf<Rest>]
    : [ArgumentOf<Parameters>];
type Signature<Prototype extends string> = Prototype extends `${string}(${infer Parameters})`
  ? (...args: ArgumentsOf<Parameters>) => number
  : never;

/** Every call returns its code (MPI_Wtime: seconds). */
export type RawCalls = { readonly [Name in CallName]: Signature<(typeof PROTOTYPES)[Name]> };

/**
 * Declares all calls of `library`. koffi knows type names for a whole process, so this can be done once.
 * @throws Error (koffi's) that names a function that the library lacks.
 */
export function bindCalls(library: LibraryHandle, abi: Abi): RawCalls {
  for (const name of ["MPI_Comm", "MPI_Datatype", "MPI_Op", "MPI_Request", "MPI_Errhandler", "MPI_Info"]) {
    koffi.alias(name, abi.handleType);
  }
  // A pointer to a status is a pointer to its words.
  koffi.alias("MPI_Status", "int32");
  const calls = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, library.func(prototype)]);
  return Object.fromEntries(calls) as RawCalls;
}
