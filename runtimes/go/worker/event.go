// The event as a handler sees it: the gateway's event plus body and environment. Every key is always there, nil means
// absent; path parameters stand beside the other keys too, where none of these but `id` has their name.

package worker

import (
	"encoding/base64"
	"unicode/utf8"

	"fastfn.invalid/wire"
)

type function struct {
	env     map[string]string
	context map[string]any
}

// buildEvent completes the message's event in place; data is the whole body where it came as chunks.
func (owner *function) buildEvent(message *wire.Message, data []byte) map[string]any {
	event := message.Event
	event["body"], event["is_base64"], event["body_base64"] = nil, false, nil
	switch {
	case message.Body.Kind == "text":
		event["body"] = message.Body.Text
	case len(data) == 0:
	case utf8.Valid(data):
		event["body"] = string(data)
	default:
		event["is_base64"] = true
		event["body_base64"] = base64.StdEncoding.EncodeToString(data)
	}
	event["env"] = owner.mergedEnv(event["env"])
	event["context"] = owner.mergedContext(event["context"])
	params, _ := event["params"].(map[string]any)
	for name, value := range params {
		if _, taken := event[name]; !taken || name == requestID {
			event[name] = value
		}
	}
	return event
}

// The event's own `id` gives way to a path parameter of that name: `context.request_id` says the same.
const requestID = "id"

// The function's own environment wins. A copy for each call: what one handler changes must not reach the next.
func (owner *function) mergedEnv(incoming any) map[string]any {
	merged := make(map[string]any, len(owner.env))
	if sent, ok := incoming.(map[string]any); ok {
		for name, value := range sent {
			merged[name] = value
		}
	}
	for name, value := range owner.env {
		merged[name] = value
	}
	return merged
}

func (owner *function) mergedContext(incoming any) map[string]any {
	merged := make(map[string]any, len(owner.context)+4)
	for name, value := range owner.context {
		merged[name] = copied(value)
	}
	if sent, ok := incoming.(map[string]any); ok {
		for name, value := range sent {
			merged[name] = value
		}
	}
	return merged
}

func copied(value any) any {
	switch value := value.(type) {
	case map[string]any:
		whole := make(map[string]any, len(value))
		for name, item := range value {
			whole[name] = copied(item)
		}
		return whole
	case []any:
		whole := make([]any, len(value))
		for index, item := range value {
			whole[index] = copied(item)
		}
		return whole
	}
	return value
}
