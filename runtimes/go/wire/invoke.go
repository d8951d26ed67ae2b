// The message of each call, read without encoding/json: that takes longer than all else a call costs. What is not exactly
// what the gateway writes is left to encoding/json, which has the last word about faults.

package wire

import (
	"math"
	"strings"
)

const (
	invokeStart = `{"type":"invoke",`
	// The texts of a longer message are copies: a handler that keeps one must not keep all of it.
	sharedBytes = 4_096
)

// parseInvoke is nil for any other message.
func parseInvoke(payload []byte) *Message {
	if len(payload) < len(invokeStart) || string(payload[:len(invokeStart)]) != invokeStart {
		return nil
	}
	reader := jsonReader{text: string(payload), copies: len(payload) > sharedBytes}
	value, ok := reader.value(0)
	if !ok || strings.TrimLeft(reader.text[reader.at:], jsonSpace) != "" {
		return nil
	}
	fields, _ := value.(map[string]any)
	kind, _ := fields["type"].(string)
	id, _ := fields["id"].(float64)
	remaining, timed := fields["remaining_ms"].(float64)
	event, _ := fields["event"].(map[string]any)
	body, told := bodyOf(fields["body"])
	if kind != "invoke" || id < 1 || id > math.MaxUint32 || id != math.Trunc(id) || !timed || event == nil || !told {
		return nil
	}
	return &Message{Type: kind, ID: uint32(id), Remaining: remaining, Event: event, Body: body}
}

func bodyOf(value any) (Body, bool) {
	fields, _ := value.(map[string]any)
	kind, found := fields["kind"].(string)
	text, isText := fields["text"].(string)
	return Body{Kind: kind, Text: text}, found && (isText || fields["text"] == nil)
}
