// C libraries. koffi takes its settings before its first library only, so whoever loads one comes here.

import koffi, { type LibraryHandle } from "koffi";

/** MPI runs on the stack that koffi gives to calls; a C program's main thread would have 8 MiB. */
const CALL_STACK_BYTES = 8 << 20;

/** The library of this name, as the dynamic linker finds it. @throws Error (koffi's) where there is none. */
export function loadForeign(name: string, options: { readonly global?: boolean } = {}): LibraryHandle {
  try {
    koffi.config({ sync_stack_size: CALL_STACK_BYTES });
  } catch {
    // A program that uses koffi for other libraries has made its choice.
  }
  return koffi.load(name, options);
}
