// What the gateway says: the messages of src/protocol/messages.ts, checked as far as the worker relies on them.

package wire

import (
	"encoding/json"
	"unicode/utf8"
)

// Message is any message of the gateway; Type says which fields count.
type Message struct {
	Type string `json:"type"`
	// Of one invocation: invoke, cancel, credit.
	ID        uint32         `json:"id"`
	Remaining float64        `json:"remaining_ms"`
	Event     map[string]any `json:"event"`
	Body      Body           `json:"body"`
	Bytes     int            `json:"bytes"`
	Reason    string         `json:"reason"`
	N         int64          `json:"n"`
	// Of load.
	Protocol       int               `json:"protocol"`
	Env            map[string]string `json:"env"`
	Context        map[string]any    `json:"context"`
	MaxOutputBytes int               `json:"maxOutputBytes"`
}

// Body of a request: `none`, `text` (whole, in here), or `stream` (chunks follow).
type Body struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

func parseMessage(payload []byte) (*Message, error) {
	if !utf8.Valid(payload) {
		return nil, badFrame("message is no UTF-8")
	}
	if message := parseInvoke(payload); message != nil {
		return message, message.check()
	}
	message := &Message{}
	if err := json.Unmarshal(payload, message); err != nil {
		return nil, badFrame("message is no JSON as expected: %v", err)
	}
	return message, message.check()
}

func (message *Message) check() error {
	switch message.Type {
	case "invoke":
		return message.checkInvoke()
	case "cancel":
		return message.checkID()
	case "credit":
		if message.Bytes < 1 || message.Bytes > InitialWindowBytes {
			return badFrame("credit of %d bytes", message.Bytes)
		}
		return message.checkID()
	case "load", "ping":
		return nil
	}
	return badFrame("message of unknown type %q", message.Type)
}

func (message *Message) checkInvoke() error {
	switch message.Body.Kind {
	case "none", "text", "stream":
	default:
		return badFrame("request body of unknown kind %q", message.Body.Kind)
	}
	if message.Event == nil {
		return badFrame("invocation without an event")
	}
	return message.checkID()
}

func (message *Message) checkID() error {
	if message.ID == 0 {
		return badFrame("%s without an id", message.Type)
	}
	return nil
}
