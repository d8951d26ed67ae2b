// What a failed call says: one text for the answer, and the way through user code for the log. Promises an answer for any
// panic, also one whose own text fails.

package worker

import (
	"fmt"
	"runtime"
	"strings"

	"fastfn.invalid/wire"
)

// failure is the end that a call owes when it has no answer.
type failure struct {
	text, detail string
	undecodable  bool
}

func (failed failure) frame(id uint32) []byte {
	return wire.Error(id, failed.text, failed.detail, failed.undecodable)
}

func failureOf(err error) failure {
	_, undecodable := err.(undecodableBody)
	return failure{text: errorText(err), detail: fmt.Sprintf("%T: %s", err, errorText(err)), undecodable: undecodable}
}

const panicText = "go handler panicked"

// panicFailure is for the deferred function that recovered the value: the stack is still that of the panic.
func panicFailure(value any) failure {
	text := panicText
	if said := describePanic(value); said != "" {
		text += ": " + said
	}
	return failure{text: text, detail: text + "\n" + userFrames()}
}

func describePanic(value any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("a %T", value)
		}
	}()
	if err, ok := value.(error); ok {
		return err.Error()
	}
	return fmt.Sprint(value)
}

// Lines of the stack from user code on; the runtime's and the worker's own are left out.
func userFrames() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	var lines strings.Builder
	for {
		frame, more := frames.Next()
		if isUserCode(frame.Function) {
			fmt.Fprintf(&lines, "    at %s (%s:%d)\n", frame.Function, frame.File, frame.Line)
		}
		if !more {
			return lines.String()
		}
	}
}

func isUserCode(name string) bool {
	for _, machinery := range []string{"runtime.", "reflect.", "fastfn.invalid/"} {
		if strings.HasPrefix(name, machinery) {
			return false
		}
	}
	return name != "" && name != "main.main"
}
