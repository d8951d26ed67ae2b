// Sends one answer: a small body in one frame, anything else as chunks within the room that the gateway gives.

package worker

import (
	"strings"
	"unicode/utf8"

	"fastfn.invalid/wire"
)

// sink is what a stream writes to. The first piece takes the head of the answer along: what fails before it is an
// ordinary failure.
type sink struct {
	call *invocation
	send func([]byte)
	// The head's frame, until it is sent.
	unsent []byte
}

// Write sends data as room for it is made. It fails when the invocation was cancelled or has ended.
func (out *sink) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		count, err := out.writeSome(data[written:])
		if err != nil {
			return written, err
		}
		written += count
	}
	return written, nil
}

// Flush is here for code that asks a writer for it; there is nothing that waits.
func (out *sink) Flush() {}

func (out *sink) writeSome(data []byte) (int, error) {
	call := out.call
	call.mutex.Lock()
	defer call.mutex.Unlock()
	for call.room == 0 && !call.cancelled && !call.ended {
		call.roomMade.Wait()
	}
	if call.cancelled || call.ended {
		return 0, errCancelled
	}
	count := smallest(len(data), call.room, wire.MaxChunkBytes)
	call.room -= count
	frames := wire.AppendChunk(out.unsent, call.id, data[:count])
	out.unsent = nil
	out.send(frames)
	return count, nil
}

// The language of Go 1.18, which modules that use this one may be written in, has no min.
func smallest(first int, others ...int) int {
	for _, other := range others {
		if other < first {
			first = other
		}
	}
	return first
}

// sendAnswer returns the frames that end the invocation, or why the answer cannot be sent.
func sendAnswer(call *invocation, given answer, send func([]byte)) ([]byte, error) {
	if given.stream == nil {
		if frame := wire.Answer(call.id, given.head, given.body); frame != nil {
			return frame, nil
		}
	}
	if given.stream == nil && len(given.body) <= wire.InlineBodyBytes && utf8.Valid(given.body) {
		return wire.Result(call.id, given.head, string(given.body))
	}
	total := len(given.body)
	if given.stream != nil {
		total = -1
	}
	head, err := wire.ResultStream(call.id, given.head, total)
	if err != nil {
		return nil, err
	}
	out := &sink{call: call, send: send, unsent: head}
	call.mutex.Lock()
	call.answering = true
	call.mutex.Unlock()
	if strings.HasPrefix(contentType(given.head.Headers), "text/event-stream") {
		// A client waits for the beginning before it waits for events.
		send(out.unsent)
		out.unsent = nil
	}
	if given.stream != nil {
		err = given.stream.sendTo(call.ctx, out)
	} else {
		_, err = out.Write(given.body)
	}
	if err != nil && call.isCancelled() {
		// Whatever the source made of being told.
		return nil, errCancelled
	}
	if err != nil {
		return nil, err
	}
	return wire.AppendChunk(out.unsent, call.id, nil), nil
}
