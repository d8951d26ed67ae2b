// Package wire is the connection's language: frames and messages as bytes. Promises that no length is believed unchecked;
// what is done about a message is left to the worker.
package wire

// A maximum for everything that crosses the connection; the same numbers as src/protocol/limits.ts (a test compares).
const (
	MaxFrameBytes        = 2_097_152
	InlineBodyBytes      = 65_536
	MaxChunkBytes        = 65_536
	InitialWindowBytes   = 262_144
	MaxLogTextBytes      = 16_384
	MaxResultHeaders     = 200
	MaxHeaderBytes       = 16_384
	MaxHeadersTotalBytes = 65_536
	MaxErrorTextBytes    = 8_192
)
