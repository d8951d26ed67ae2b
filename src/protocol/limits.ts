// A maximum for everything that crosses a worker's socket. The worker is not trusted: each is checked on receipt.

/** Longest frame payload either way, bytes (`FN_MAX_FRAME_BYTES` of the contract: 2 MiB). */
export const maxFrameBytes = 2_097_152;
/** Longest body carried inside a message or an answer frame; beyond it, and in a message when not UTF-8, it goes as chunks. */
export const inlineBodyBytes = 65_536;
/** Longest bytes of one body chunk. */
export const maxChunkBytes = 65_536;
/** Chunk bytes a sender may have outstanding per invocation before it needs `credit`. */
export const initialWindowBytes = 262_144;
/** Longest `text` of one log message, bytes. */
export const maxLogTextBytes = 16_384;
/** Result headers: count of lines, bytes of one name plus value, bytes in all. */
export const maxResultHeaders = 200;
export const maxHeaderBytes = 16_384;
export const maxHeadersTotalBytes = 65_536;
/** Longest `error` and `detail` texts, bytes. */
export const maxErrorTextBytes = 8_192;
/** Most invocations a worker may claim to take at once. */
export const maxWorkerConcurrency = 1_024;
