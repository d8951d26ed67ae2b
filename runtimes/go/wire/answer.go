// Answer frames: a result whose body is all here, as bytes that nobody has to escape or to read twice.

package wire

import "encoding/binary"

const (
	answerTag = 0x02
	// Tag, u32 id, u16 status and u32 length of the headers' JSON.
	answerPrefixBytes = 11
	// Enough for the headers of most answers.
	usualHeaderBytes = 128
)

// Answer is nil for what only messages can say: a proxy directive, a longer body, headers that JSON makes too long.
func Answer(id uint32, head Head, body []byte) []byte {
	if head.Proxy != nil || len(body) > InlineBodyBytes {
		return nil
	}
	const start = lengthBytes + answerPrefixBytes
	frame := make(message, start, start+usualHeaderBytes+len(body)).headers(head.Headers)
	block := len(frame) - start
	if block > MaxHeadersTotalBytes {
		return nil
	}
	frame = append(frame, body...)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-lengthBytes))
	frame[lengthBytes] = answerTag
	binary.BigEndian.PutUint32(frame[lengthBytes+1:], id)
	binary.BigEndian.PutUint16(frame[lengthBytes+5:], uint16(head.Status))
	binary.BigEndian.PutUint32(frame[lengthBytes+7:], uint32(block))
	return frame
}
