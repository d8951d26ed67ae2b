// One invocation: its request body while it arrives, its context, the room for its answer, and its one end.

package worker

import (
	"context"
	"sync"
	"time"

	"fastfn.invalid/wire"
)

type invocation struct {
	id      uint32
	message *wire.Message
	ctx     context.Context
	cancel  context.CancelFunc

	// While the body arrives; only the goroutine that reads the connection uses these.
	arriving   bool
	body       []byte
	unreturned int

	mutex     sync.Mutex
	roomMade  sync.Cond
	room      int
	answering bool
	cancelled bool
	ended     bool
	output    capture
}

func newInvocation(message *wire.Message) *invocation {
	call := &invocation{id: message.ID, message: message, room: wire.InitialWindowBytes}
	call.roomMade.L = &call.mutex
	var cancellable context.Context
	cancellable, call.cancel = context.WithCancel(context.Background())
	remaining := time.Duration(message.Remaining * float64(time.Millisecond))
	call.ctx = callContext{cancellable, call, time.Now().Add(remaining)}
	return call
}

// callContext ends when the gateway says so, which it does at the deadline. An answer that streams has none any more: the
// gateway watches how long it is idle instead.
type callContext struct {
	context.Context
	call     *invocation
	deadline time.Time
}

func (ctx callContext) Deadline() (time.Time, bool) {
	ctx.call.mutex.Lock()
	defer ctx.call.mutex.Unlock()
	return ctx.deadline, !ctx.call.answering
}

// receive keeps a chunk of the request's body and returns how much credit is due for it, mostly none.
func (call *invocation) receive(data []byte) int {
	call.body = append(call.body, data...)
	call.unreturned += len(data)
	if call.unreturned < wire.InitialWindowBytes/2 {
		return 0
	}
	returned := call.unreturned
	call.unreturned = 0
	return returned
}

func (call *invocation) addRoom(bytes int) {
	call.mutex.Lock()
	call.room += bytes
	call.mutex.Unlock()
	call.roomMade.Signal()
}

// markCancelled tells the handler, and whether the end is owed by the worker itself: the answer has begun, and its source
// may never come to its next piece.
func (call *invocation) markCancelled() bool {
	call.mutex.Lock()
	call.cancelled = true
	answering := call.answering
	call.mutex.Unlock()
	call.cancel()
	call.roomMade.Signal()
	return answering
}

func (call *invocation) isCancelled() bool {
	call.mutex.Lock()
	defer call.mutex.Unlock()
	return call.cancelled
}

// finish sends the last frames once; later ends find nothing to do.
func (call *invocation) finish(send func([]byte), frames []byte) bool {
	call.mutex.Lock()
	defer call.mutex.Unlock()
	if call.ended {
		return false
	}
	call.ended = true
	send(frames)
	call.cancel()
	call.roomMade.Signal()
	return true
}
