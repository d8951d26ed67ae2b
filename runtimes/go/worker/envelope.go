// An answer that a handler wrote as fields: status, headers, and a body in one of its codings.

package worker

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"

	"fastfn.invalid/wire"
)

var statusKeys = []string{"status", "statusCode"}
var contentKeys = []string{"headers", "body", "is_base64", "isBase64Encoded", "body_base64", "proxy"}

// undecodableBody is a body in a coding that it is not in: it is the answer that is bad and not the call.
type undecodableBody struct{}

func (undecodableBody) Error() string { return "invalid body_base64" }

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
