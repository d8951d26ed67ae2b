//! A maximum for everything that crosses the connection; the same numbers as src/protocol/limits.ts (a test compares).

pub const MAX_FRAME_BYTES: usize = 2_097_152;
pub const INLINE_BODY_BYTES: usize = 65_536;
pub const MAX_CHUNK_BYTES: usize = 65_536;
pub const INITIAL_WINDOW_BYTES: usize = 262_144;
pub const MAX_LOG_TEXT_BYTES: usize = 16_384;
pub const MAX_RESULT_HEADERS: usize = 200;
pub const MAX_HEADER_BYTES: usize = 16_384;
pub const MAX_HEADERS_TOTAL_BYTES: usize = 65_536;
pub const MAX_ERROR_TEXT_BYTES: usize = 8_192;
