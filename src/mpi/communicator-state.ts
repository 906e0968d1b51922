// What the functions on a communicator need of it.

import type { Handle } from "./abi/abi.ts";
import type { Session } from "./session.ts";

export interface CommunicatorState {
  readonly session: Session;
  /** MPI_Comm. @throws Error after the communicator was freed. */
  readonly handle: Handle;
  /** This process's number in the communicator, and how many there are. */
  readonly rank: number;
  readonly size: number;
}
