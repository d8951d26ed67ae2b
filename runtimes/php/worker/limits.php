<?php
// A maximum for everything that crosses the connection; the same numbers as src/protocol/limits.ts (a test compares).

declare(strict_types=1);

namespace FastFn\Worker;

final class Limits
{
    public const MAX_FRAME_BYTES = 2_097_152;
    public const INLINE_BODY_BYTES = 65_536;
    public const MAX_CHUNK_BYTES = 65_536;
    public const INITIAL_WINDOW_BYTES = 262_144;
    public const MAX_LOG_TEXT_BYTES = 16_384;
    public const MAX_RESULT_HEADERS = 200;
    public const MAX_HEADER_BYTES = 16_384;
    public const MAX_HEADERS_TOTAL_BYTES = 65_536;
    public const MAX_ERROR_TEXT_BYTES = 8_192;
}
