// Frames: 4-byte big-endian length, then a JSON message, a body chunk (0x01, u32 invocation id, bytes) or an answer
// (0x02, see answer.go).

package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

const (
	lengthBytes      = 4
	messageTag       = '{'
	chunkTag         = 0x01
	chunkPrefixBytes = 5
	readBufferBytes  = 65_536
)

// BadFrame says that the gateway does not speak the protocol; the connection cannot be read any further.
type BadFrame struct{ reason string }

func (bad BadFrame) Error() string { return "BadFrame: " + bad.reason }

func badFrame(format string, values ...any) error { return BadFrame{fmt.Sprintf(format, values...)} }

// Chunk is a piece of a body; no bytes = its end.
type Chunk struct {
	ID   uint32
	Data []byte
}

// Reader turns the bytes of a connection into messages and chunks.
type Reader struct {
	source *bufio.Reader
	// Reused for messages, whose fields are copies; a chunk's bytes belong to whoever gets it.
	scratch []byte
}

func NewReader(source io.Reader) *Reader {
	return &Reader{source: bufio.NewReaderSize(source, readBufferBytes)}
}

// Next waits for one whole frame: a message, or a chunk when the message is nil. io.EOF where the connection ended,
// also inside a frame; BadFrame for what is none.
func (reader *Reader) Next() (*Message, Chunk, error) {
	length, tag, err := reader.head()
	if err != nil {
		return nil, Chunk{}, err
	}
	switch tag {
	case messageTag:
		message, err := reader.message(length)
		return message, Chunk{}, err
	case chunkTag:
		chunk, err := reader.chunk(length)
		return nil, chunk, err
	}
	return nil, Chunk{}, badFrame("payload starts with byte %d", tag)
}

// The payload's first byte stays in the buffer.
func (reader *Reader) head() (int, byte, error) {
	var prefix [lengthBytes]byte
	if _, err := io.ReadFull(reader.source, prefix[:]); err != nil {
		return 0, 0, io.EOF
	}
	length := binary.BigEndian.Uint32(prefix[:])
	if length < 1 || length > MaxFrameBytes {
		return 0, 0, badFrame("frame of %d bytes, accepted: 1 to %d", length, MaxFrameBytes)
	}
	tag, err := reader.source.Peek(1)
	if err != nil {
		return 0, 0, io.EOF
	}
	return int(length), tag[0], nil
}

func (reader *Reader) message(length int) (*Message, error) {
	if cap(reader.scratch) < length {
		reader.scratch = make([]byte, length)
	}
	payload := reader.scratch[:length]
	if _, err := io.ReadFull(reader.source, payload); err != nil {
		return nil, io.EOF
	}
	return parseMessage(payload)
}

func (reader *Reader) chunk(length int) (Chunk, error) {
	size := length - chunkPrefixBytes
	if size < 0 || size > MaxChunkBytes {
		return Chunk{}, badFrame("chunk of %d bytes, accepted: 0 to %d", size, MaxChunkBytes)
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(reader.source, payload); err != nil {
		return Chunk{}, io.EOF
	}
	return Chunk{binary.BigEndian.Uint32(payload[1:]), payload[chunkPrefixBytes:]}, nil
}

// AppendChunk appends the frame of one body chunk.
func AppendChunk(frames []byte, id uint32, data []byte) []byte {
	frames = binary.BigEndian.AppendUint32(frames, uint32(len(data)+chunkPrefixBytes))
	frames = append(frames, chunkTag)
	frames = binary.BigEndian.AppendUint32(frames, id)
	return append(frames, data...)
}

// framed makes a frame of a message that was written behind room for its length.
func framed(message []byte) ([]byte, error) {
	size := len(message) - lengthBytes
	if size > MaxFrameBytes {
		return nil, fmt.Errorf("message of %d bytes, accepted: at most %d", size, MaxFrameBytes)
	}
	binary.BigEndian.PutUint32(message, uint32(size))
	return message, nil
}
