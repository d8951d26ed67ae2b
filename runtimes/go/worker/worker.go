// Serves one function: many invocations at once, each in a goroutine that it has for itself. Promises one end for each, also for one
// that panics or is cancelled.

package worker

import (
	"os"
	"runtime"
	"sync"

	"fastfn.invalid/wire"
)

// Invocations that the gateway may have here at once.
const concurrency = 64

type worker struct {
	function
	link   *connection
	output *output
	call   handlerCall

	mutex   sync.Mutex
	running map[uint32]*invocation
	// To goroutines whose call has ended: a new one would have to grow its stack first.
	idle chan *invocation
}

// serve reads the connection until it ends, and with it the process.
func (server *worker) serve() {
	for {
		message, chunk := server.link.receive()
		if message == nil {
			server.takeChunk(chunk)
			continue
		}
		switch message.Type {
		case "invoke":
			server.takeInvoke(message)
		case "cancel":
			server.takeCancel(message.ID)
		case "credit":
			if call := server.find(message.ID); call != nil {
				call.addRoom(message.Bytes)
			}
		case "ping":
			server.link.send(wire.Pong(message.N))
		default:
			endProcess("cannot go on: BadFrame: a second " + message.Type)
		}
	}
}

// find is nil for one that has ended: what is said about it crossed its end on the wire.
func (server *worker) find(id uint32) *invocation {
	server.mutex.Lock()
	defer server.mutex.Unlock()
	return server.running[id]
}

func (server *worker) takeInvoke(message *wire.Message) {
	call := newInvocation(message)
	server.mutex.Lock()
	server.running[call.id] = call
	server.mutex.Unlock()
	if message.Body.Kind == "stream" {
		call.arriving = true
		return
	}
	server.start(call)
}

func (server *worker) takeChunk(chunk wire.Chunk) {
	call := server.find(chunk.ID)
	if call == nil || !call.arriving {
		return
	}
	if len(chunk.Data) == 0 {
		call.arriving = false
		server.start(call)
		return
	}
	if due := call.receive(chunk.Data); due > 0 {
		server.link.send(wire.Credit(call.id, due))
	}
}

// While the handler runs, nothing is sent: it owes its end, and the gateway kills what does not come to one.
func (server *worker) takeCancel(id uint32) {
	call := server.find(id)
	if call == nil {
		return
	}
	if call.markCancelled() || call.arriving {
		call.arriving = false
		server.finish(call, failureOf(errCancelled).frame(id))
	}
}

func (server *worker) start(call *invocation) {
	server.output.begin(&call.output, call.id)
	select {
	case server.idle <- call:
	default:
		go server.runCalls(call)
	}
}

func (server *worker) runCalls(call *invocation) {
	for {
		server.run(call)
		call = <-server.idle
	}
}

func (server *worker) run(call *invocation) {
	returned := false
	defer func() {
		if value := recover(); value != nil {
			server.finish(call, panicFailure(value).frame(call.id))
		} else if !returned {
			// runtime.Goexit ends a goroutine without a panic.
			server.finish(call, failure{text: "handler exited"}.frame(call.id))
		}
	}()
	frames, err := server.answer(call)
	returned = true
	if err != nil {
		frames = failureOf(err).frame(call.id)
	}
	server.finish(call, frames)
}

func (server *worker) answer(call *invocation) ([]byte, error) {
	event := server.buildEvent(call.message, call.body)
	call.message, call.body = nil, nil
	result, err := server.call(call.ctx, event)
	if err != nil {
		return nil, err
	}
	given, err := toAnswer(result)
	if err != nil {
		return nil, err
	}
	return sendAnswer(call, given, server.link.send)
}

// The output first: the end of an invocation is the last that the gateway takes of it. Nothing can go along with the answer
// of the only one.
func (server *worker) finish(call *invocation, frames []byte) {
	server.output.end(&call.output)
	server.mutex.Lock()
	send := server.link.gather
	if len(server.running) == 1 {
		send = server.link.send
	}
	server.mutex.Unlock()
	if call.finish(send, frames) {
		server.mutex.Lock()
		delete(server.running, call.id)
		server.mutex.Unlock()
	}
}

// Serve is the whole life of a worker process; it never returns. Everything that can fail before the first call is told
// to the gateway in one `load_failed`.
func Serve(handler any) {
	call, err := planCall(handler)
	if err != nil {
		program.output.flushAll()
		program.link.send(wire.LoadFailed(err.Error(), ""))
		os.Exit(1)
	}
	program.output.flushAll()
	program.link.send(wire.Ready(concurrency, version()))
	program.call = call
	program.serve()
}

func version() string {
	const prefix = "go"
	name := runtime.Version()
	if len(name) > len(prefix) && name[:len(prefix)] == prefix {
		return name[len(prefix):]
	}
	return name
}
