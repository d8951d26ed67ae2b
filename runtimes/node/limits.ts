// Maxima of the wire, as in src/protocol/limits.ts: copied, because this folder is shipped alone. A test holds them equal.

/** Longest frame payload either way, bytes. */
export const maxFrameBytes = 2_097_152;
/** Longest body carried inside a message, bytes. */
export const inlineBodyBytes = 65_536;
/** Longest bytes of one body chunk. */
export const maxChunkBytes = 65_536;
/** Chunk bytes a sender may have outstanding per invocation before it needs `credit`. */
export const initialWindowBytes = 262_144;
/** Longest `text` of one log message, bytes. */
export const maxLogTextBytes = 16_384;
/** Longest `error` and `detail` texts, bytes. */
export const maxErrorTextBytes = 8_192;
/** Result headers: count of lines, bytes of one name plus value, bytes in all. */
export const maxResultHeaders = 200;
export const maxHeaderBytes = 16_384;
export const maxHeadersTotalBytes = 65_536;
