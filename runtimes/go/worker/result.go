// What a handler returned -> one answer, by the shorthand that all languages share (invocation contract, section 9).
// Promises that what it lets through is accepted by the gateway; anything else is the handler's failure.

package worker

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"

	"fastfn.invalid/wire"
)

// answer has one of three bodies: bytes, which may be a text, a stream of pieces, or none.
type answer struct {
	head   wire.Head
	body   []byte
	stream stream
}

// undecodableBody is a body in a coding that it is not in: it is the answer that is bad and not the call.
type undecodableBody struct{}

func (undecodableBody) Error() string { return "invalid body_base64" }

const (
	jsonType  = "application/json"
	bytesType = "application/octet-stream"
	plainType = "text/plain; charset=utf-8"
	htmlType  = "text/html; charset=utf-8"
)

var statusKeys = []string{"status", "statusCode"}
var contentKeys = []string{"headers", "body", "is_base64", "isBase64Encoded", "body_base64", "proxy"}

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

// isEnvelope: `status` alone makes an answer only when it is an HTTP status, or when there is nothing else that it could be
// the status of: {"status": "active"} and {"status": 1, "name": "x"} are data, {"status": 600} is a mistake.
func isEnvelope(fields map[string]any) bool {
	for _, key := range contentKeys {
		if _, found := fields[key]; found {
			return true
		}
	}
	status, found := writtenStatus(fields)
	if !found {
		return false
	}
	number, ok := numberOf(status)
	if !ok {
		return false
	}
	others := len(fields)
	for _, key := range statusKeys {
		if _, given := fields[key]; given {
			others--
		}
	}
	return isHTTPStatus(number) || others == 0
}

func writtenStatus(fields map[string]any) (any, bool) {
	for _, key := range statusKeys {
		if status, found := fields[key]; found && status != nil {
			return status, true
		}
	}
	return nil, false
}

func numberOf(status any) (float64, bool) {
	value := indirect(reflect.ValueOf(status))
	if !value.IsValid() || value.Kind() == reflect.Bool {
		return 0, false
	}
	text, ok := scalarText(value)
	if !ok {
		return 0, false
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return number, err == nil && !math.IsNaN(number)
}

func isHTTPStatus(number float64) bool {
	return number >= 100 && number <= 599 && number == math.Trunc(number)
}

func fromEnvelope(fields map[string]any) (answer, error) {
	head, err := envelopeHead(fields)
	if err != nil {
		return answer{}, err
	}
	if flagged(fields) {
		body, err := decodedBody(fields)
		return answer{head: head, body: body}, err
	}
	return withBody(head, fields["body"])
}

func envelopeHead(fields map[string]any) (wire.Head, error) {
	head := wire.Head{Status: 200}
	if status, found := writtenStatus(fields); found {
		number, ok := numberOf(status)
		if !ok || !isHTTPStatus(number) {
			return head, resultError("status must be a valid HTTP code")
		}
		head.Status = int(number)
	}
	var err error
	if head.Headers, err = headerLines(fields["headers"]); err != nil {
		return head, err
	}
	head.Proxy, err = proxyDirective(fields["proxy"])
	return head, err
}

func proxyDirective(proxy any) ([]byte, error) {
	value := indirect(reflect.ValueOf(proxy))
	if !value.IsValid() {
		return nil, nil
	}
	text, err := toJSON(value.Interface())
	if err == nil && firstByte(text) != '{' {
		err = resultError("proxy must be an object when provided")
	}
	return text, err
}

func flagged(fields map[string]any) bool {
	flag, own := fields["is_base64"]
	if !own || flag == nil {
		flag = fields["isBase64Encoded"]
	}
	return flag == true
}

func decodedBody(fields map[string]any) ([]byte, error) {
	content := fields["body_base64"]
	if _, own := fields["is_base64"]; content == nil && !own {
		content = fields["body"]
	}
	value := indirect(reflect.ValueOf(content))
	if value.IsValid() {
		if data, ok := bytesOf(value); ok {
			return data, nil
		}
		if value.Kind() == reflect.String {
			return decodedBase64(value.String())
		}
	}
	return nil, resultError("body_base64 must be a non-empty string when is_base64=true")
}

// Both alphabets, with or without padding, like the other languages.
func decodedBase64(text string) ([]byte, error) {
	plain := strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	data, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(plain))
	if err != nil {
		return nil, undecodableBody{}
	}
	return data, nil
}

func withBody(head wire.Head, body any) (answer, error) {
	if source := streamOf(body); source != nil {
		head.Headers = withDefaultType(head.Headers, source.defaultType())
		return answer{head: head, stream: source}, nil
	}
	value := indirect(reflect.ValueOf(body))
	if !value.IsValid() {
		return answer{head: head}, nil
	}
	if data, ok := bytesOf(value); ok {
		head.Headers = withDefaultType(head.Headers, bytesType)
		return answer{head: head, body: data}, nil
	}
	if text, ok := scalarText(value); ok {
		return answer{head: head, body: []byte(text)}, nil
	}
	data, err := jsonOf(value)
	if err != nil {
		return answer{}, err
	}
	if strings.Contains(contentType(head.Headers), "text/csv") {
		text, err := toCSV(data)
		return answer{head: head, body: []byte(text)}, err
	}
	head.Headers = withDefaultType(head.Headers, jsonType)
	return answer{head: head, body: data}, nil
}
