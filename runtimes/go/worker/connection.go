// The worker's end of its connection, descriptor 3. Promises whole frames in order from any goroutine, gathered into one
// write where several have something to say, and the end of the process as soon as the gateway has gone.

package worker

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"

	"fastfn.invalid/wire"
)

const gatewayDescriptor = 3

type connection struct {
	file   *os.File
	reader *wire.Reader

	mutex   sync.Mutex
	pending []byte
	spare   []byte
	writing bool
	// The goroutine that writes what was gathered has been told.
	told bool
	tell chan struct{}
}

func openConnection() *connection {
	// A file that would block is waited for by the runtime's poller and costs no thread.
	_ = syscall.SetNonblock(gatewayDescriptor, true)
	// Programs that a handler might start are nobody the gateway talks to.
	syscall.CloseOnExec(gatewayDescriptor)
	file := os.NewFile(gatewayDescriptor, "gateway")
	link := &connection{file: file, reader: wire.NewReader(file), tell: make(chan struct{}, 1)}
	go link.writeGathered()
	return link
}

// receive waits for the next message or chunk. Ends the process with the connection, or for what is no frame.
func (link *connection) receive() (*wire.Message, wire.Chunk) {
	message, chunk, err := link.reader.Next()
	if err == nil {
		return message, chunk
	}
	if _, bad := err.(wire.BadFrame); bad {
		endProcess("cannot go on: " + err.Error())
	}
	os.Exit(0)
	return nil, wire.Chunk{}
}

// send writes whole frames, behind those that another goroutine is writing.
func (link *connection) send(frames []byte) {
	link.mutex.Lock()
	link.pending = append(link.pending, frames...)
	link.write()
}

// gather keeps whole frames until the goroutines that can run now have run: what they have to say goes along.
func (link *connection) gather(frames []byte) {
	link.mutex.Lock()
	defer link.mutex.Unlock()
	link.pending = append(link.pending, frames...)
	if !link.told {
		link.told = true
		link.tell <- struct{}{}
	}
}

func (link *connection) writeGathered() {
	for range link.tell {
		runtime.Gosched()
		link.mutex.Lock()
		link.told = false
		link.write()
	}
}

// write is called with the lock and returns without it.
func (link *connection) write() {
	if link.writing {
		link.mutex.Unlock()
		return
	}
	link.writing = true
	for len(link.pending) > 0 {
		gathered := link.pending
		link.pending = link.spare[:0]
		link.mutex.Unlock()
		if _, err := link.file.Write(gathered); err != nil {
			os.Exit(0) // The gateway has gone.
		}
		link.mutex.Lock()
		link.spare = keepSmall(gathered)
	}
	link.writing = false
	link.mutex.Unlock()
}

// One answer of a size that is rare must not hold its memory for ever.
func keepSmall(buffer []byte) []byte {
	if cap(buffer) > 4*wire.InitialWindowBytes {
		return nil
	}
	return buffer
}

// endProcess is for faults after which nothing sensible can be sent. The gateway reads descriptor 2 too.
func endProcess(reason string) {
	_, _ = syscall.Write(2, []byte(fmt.Sprintln(reason)))
	os.Exit(1)
}
