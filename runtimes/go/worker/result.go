// What a handler returned -> one answer, by the shorthand that all languages share (invocation contract, section 9).
// Promises that what it lets through is accepted by the gateway; anything else is the handler's failure.

package worker

import (
	"encoding/json"
	"reflect"
	"strings"

	"fastfn.invalid/wire"
)

// answer has one of three bodies: bytes, which may be a text, a stream of pieces, or none.
type answer struct {
	head   wire.Head
	body   []byte
	stream stream
}

const (
	jsonType  = "application/json"
	bytesType = "application/octet-stream"
	plainType = "text/plain; charset=utf-8"
	htmlType  = "text/html; charset=utf-8"
)

func toAnswer(result any) (answer, error) {
	if source := streamOf(result); source != nil {
		return typed(source.defaultType(), answer{stream: source}), nil
	}
	if failed, ok := result.(error); ok {
		return answer{}, failed
	}
	value := indirect(reflect.ValueOf(result))
	if !value.IsValid() || value.Kind() == reflect.Map && value.IsNil() {
		return answer{head: wire.Head{Status: 200}}, nil
	}
	if data, ok := bytesOf(value); ok {
		return typed(bytesType, answer{body: data}), nil
	}
	if text, ok := scalarText(value); ok {
		return textAnswer(text), nil
	}
	if fields := fieldsOf(value); fields != nil && isEnvelope(fields) {
		return fromEnvelope(fields)
	}
	return jsonAnswer(value)
}

func typed(kind string, given answer) answer {
	given.head = wire.Head{Status: 200, Headers: []wire.HeaderLine{{Name: "content-type", Values: []string{kind}}}}
	return given
}

func textAnswer(text string) answer {
	if text == "" {
		return answer{head: wire.Head{Status: 200}}
	}
	return typed(textType(text), answer{body: []byte(text)})
}

func textType(text string) string {
	head := strings.ToLower(strings.TrimSpace(text))
	if strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") ||
		strings.Contains(head, "<body") || strings.Contains(head, "</html>") {
		return htmlType
	}
	return plainType
}

func jsonAnswer(value reflect.Value) (answer, error) {
	text, err := jsonOf(value)
	if err != nil {
		return answer{}, err
	}
	// A type that says what its JSON is may say an envelope.
	if value.Type().Implements(marshalerType) && firstByte(text) == '{' {
		var fields map[string]any
		if json.Unmarshal(text, &fields) == nil && isEnvelope(fields) {
			return fromEnvelope(fields)
		}
	}
	return typed(jsonType, answer{body: text}), nil
}

// A list without items is one, also when Go has no memory for it.
func jsonOf(value reflect.Value) ([]byte, error) {
	if value.Kind() == reflect.Slice && value.IsNil() {
		return []byte("[]"), nil
	}
	return toJSON(value.Interface())
}
