// The beginning of the process: the function's environment and output are in place before any of its code runs, its
// package variables and init functions included, because Go initialises what is imported first.

package worker

import (
	"os"
	"strings"
)

const protocol = 1

var program = begin()

func begin() *worker {
	link := openConnection()
	load, _ := link.receive()
	if load == nil || load.Type != "load" || load.Protocol != protocol {
		endProcess("cannot run the worker: the first message must be a load of protocol 1")
	}
	for name, value := range load.Env {
		// What an environment cannot hold is still in the event.
		if name != "" && !strings.ContainsAny(name, "=\x00") && !strings.Contains(value, "\x00") {
			_ = os.Setenv(name, value)
		}
	}
	captured, err := captureOutput(load.MaxOutputBytes, link.send)
	if err != nil {
		endProcess(err.Error())
	}
	return &worker{
		function: function{env: load.Env, context: load.Context},
		link:     link,
		output:   captured,
		running:  map[uint32]*invocation{},
		idle:     make(chan *invocation),
	}
}
