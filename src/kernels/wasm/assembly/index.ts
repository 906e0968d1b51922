// Entry of the kernel module. The memory is imported and shared; nothing is allocated or initialised.

export { spmm } from "./spmm";
export { activate, softmax } from "./activate";
export { liveMask, loadCsr, loadRows, storeRows } from "./rows";
export { copyBytes, gatherLines } from "./lines";
export { loadSortedCsr, packLanes } from "./pack";
export { pushCsr } from "./push";
export { areFinite, areSlicesSound } from "./soundness";
export { hashCsrRow, hashRow, rowsEqual } from "./equality";
export { streamAdds16, streamAdds8 } from "./peak";
export {
  compareRows, cut, hashRows, join, keepRows, liveRows, loadMatrix, numeric, relabel, seal, softmaxMatrix, storeMatrix,
  symbolic,
} from "./format";
