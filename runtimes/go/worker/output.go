// What handlers print: os.Stdout and os.Stderr become pipes that the worker reads, and what is in them `log` messages.
// A goroutine has no name that a write to a file could carry: output is an invocation's while that one runs alone, and
// nobody's while several run. Promises that a finished line is sent at once, and that an answer comes behind its output.

package worker

import (
	"fmt"
	"log"
	"os"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"fastfn.invalid/wire"
)

const (
	// A line that does not end is sent in pieces of this many bytes.
	holdBytes = 8_192
	// What a pipe holds, pipe(7).
	pipeBytes = 65_536
	// Output outside invocations has the same bound, per this much time.
	looseWindow = time.Minute
)

// capture is the output of one invocation, or of none.
type capture struct {
	id   uint32
	left int
	held [2][]byte
}

var streamNames = [2]string{"stdout", "stderr"}

type output struct {
	limit int
	send  func([]byte)

	// Held while the pipes are read, so that what is read belongs to whoever runs at that moment.
	mutex    sync.Mutex
	pipes    [2]int
	buffer   []byte
	running  map[*capture]struct{}
	loose    capture
	looseEnd time.Time
}

// A file that nobody holds is closed by the garbage collector.
var originals = [2]*os.File{os.Stdout, os.Stderr}

// captureOutput redirects what is printed from here on. The descriptors 1 and 2 stay what they were: the last words of
// the Go runtime go there, and the gateway reads them too.
func captureOutput(limit int, send func([]byte)) (*output, error) {
	out := &output{limit: limit, send: send, buffer: make([]byte, pipeBytes), running: map[*capture]struct{}{}}
	for index, file := range []**os.File{&os.Stdout, &os.Stderr} {
		var ends [2]int
		if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
			return nil, fmt.Errorf("cannot capture output: %w", err)
		}
		out.pipes[index] = ends[0]
		*file = os.NewFile(uintptr(ends[1]), streamNames[index])
	}
	// Each reads both.
	for index, pipe := range out.pipes {
		go out.watch(os.NewFile(uintptr(pipe), streamNames[index]))
	}
	log.SetOutput(os.Stderr)
	return out, nil
}

// begin: what is printed from now on is the invocation's, unless another runs too.
func (out *output) begin(call *capture, id uint32) {
	call.id, call.left = id, out.limit
	out.mutex.Lock()
	defer out.mutex.Unlock()
	out.drainAtTurn(1)
	out.running[call] = struct{}{}
}

// end sends what the invocation has printed.
func (out *output) end(call *capture) {
	out.mutex.Lock()
	defer out.mutex.Unlock()
	if _, found := out.running[call]; !found {
		return
	}
	out.drainAtTurn(2)
	delete(out.running, call)
	out.flush(call)
	if len(out.running) == 0 {
		out.flush(&out.loose)
	}
}

// drainAtTurn drains when more or fewer calls change whose output it is: while several run, before and after, it is nobody's.
func (out *output) drainAtTurn(most int) {
	if len(out.running) <= most && anyReadable(out.pipes) {
		out.drain()
	}
}

// watch waits for output without reading it: drain must be able to take all that there is.
func (out *output) watch(pipe *os.File) {
	access, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	drainLocked := func() bool {
		out.mutex.Lock()
		defer out.mutex.Unlock()
		return out.drain()
	}
	_ = access.Read(func(uintptr) bool {
		for drainLocked() {
		}
		return false
	})
}

// drain reads what both pipes hold, and no more than a pipe can hold: who prints without end must not keep it here.
// Returns whether there may be more.
func (out *output) drain() bool {
	more := false
	for index, pipe := range out.pipes {
		if count, err := syscall.Read(pipe, out.buffer); count > 0 {
			out.add(out.owner(), index, out.buffer[:count])
			more = more || count == len(out.buffer)
		} else if err == syscall.EINTR {
			more = true
		}
	}
	return more
}

func (out *output) owner() *capture {
	if len(out.running) == 1 {
		for call := range out.running {
			return call
		}
	}
	if now := time.Now(); now.After(out.looseEnd) {
		out.looseEnd = now.Add(looseWindow)
		out.loose.left = out.limit
	}
	return &out.loose
}

// add takes what was written and sends what is complete of it.
func (out *output) add(call *capture, stream int, data []byte) {
	if call.left < 0 {
		return
	}
	call.left -= len(data)
	held := call.held[stream]
	if call.left < 0 {
		held = append(held, data[:len(data)+call.left]...)
		held = append(held, fmt.Sprintf("\n[output cut: more than %d bytes]\n", out.limit)...)
	} else {
		held = append(held, data...)
	}
	end := lastLineEnd(held)
	if end == 0 && len(held) >= holdBytes {
		end = wholeCharacters(held)
	}
	out.log(call.id, stream, held[:end])
	call.held[stream] = append(held[:0], held[end:]...)
}

func (out *output) flush(call *capture) {
	for stream, held := range call.held {
		out.log(call.id, stream, held)
		call.held[stream] = nil
	}
}

// The last words of a process that is about to end.
func (out *output) flushAll() {
	out.mutex.Lock()
	defer out.mutex.Unlock()
	out.drain()
	out.flush(&out.loose)
}

func (out *output) log(id uint32, stream int, data []byte) {
	for len(data) > 0 {
		size := len(data)
		// What is no UTF-8 becomes marks of three bytes each.
		if size > wire.MaxLogTextBytes/3 {
			size = wholeCharacters(data[:wire.MaxLogTextBytes/3])
		}
		out.send(wire.Log(id, streamNames[stream], string(data[:size])))
		data = data[size:]
	}
}

func lastLineEnd(data []byte) int {
	for end := len(data); end > 0; end-- {
		if data[end-1] == '\n' {
			return end
		}
	}
	return 0
}

// wholeCharacters is how much of the data does not end inside a UTF-8 character; never nothing.
func wholeCharacters(data []byte) int {
	for back := 1; back < utf8.UTFMax && back < len(data); back++ {
		start := len(data) - back
		if utf8.RuneStart(data[start]) {
			if utf8.FullRune(data[start:]) {
				return len(data)
			}
			return start
		}
	}
	return len(data)
}
