"""A maximum for everything that crosses the connection; the same numbers as src/protocol/limits.ts (a test compares)."""

MAX_FRAME_BYTES = 2_097_152
INLINE_BODY_BYTES = 65_536
MAX_CHUNK_BYTES = 65_536
INITIAL_WINDOW_BYTES = 262_144
MAX_LOG_TEXT_BYTES = 16_384
MAX_RESULT_HEADERS = 200
MAX_HEADER_BYTES = 16_384
MAX_HEADERS_TOTAL_BYTES = 65_536
MAX_ERROR_TEXT_BYTES = 8_192

# Invocations at once in an event loop; a plain function runs one at a time.
ASYNC_CONCURRENCY = 100
