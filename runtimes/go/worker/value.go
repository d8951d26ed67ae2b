// What a Go value is when it stands in an answer: a text, bytes, a stream, fields of an envelope, or data for JSON.

package worker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// indirect follows pointers and interfaces; the zero Value stands for nil.
func indirect(value reflect.Value) reflect.Value {
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		if value.IsNil() {
			return reflect.Value{}
		}
		value = value.Elem()
	}
	return value
}

// scalarText is the text of a string, number or truth value.
func scalarText(value reflect.Value) (string, bool) {
	switch value.Kind() {
	case reflect.String:
		return value.String(), true
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprint(value.Interface()), true
	case reflect.Float32, reflect.Float64:
		text, err := toJSON(value.Interface())
		if err != nil {
			return fmt.Sprint(value.Interface()), true
		}
		return string(text), true
	}
	return "", false
}

// bytesOf is not for json.RawMessage, which is data.
func bytesOf(value reflect.Value) ([]byte, bool) {
	isBytes := value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Uint8
	if !isBytes || value.Type().Implements(marshalerType) {
		return nil, false
	}
	return value.Bytes(), true
}

var marshalerType = reflect.TypeOf((*json.Marshaler)(nil)).Elem()

// fieldsOf gives a map with text keys, or a struct's fields under the names that its JSON has; nil for anything else. The
// values stay what they are, so that bytes and streams among them are not lost in JSON.
func fieldsOf(value reflect.Value) map[string]any {
	if value.Type().Implements(marshalerType) || reflect.PointerTo(value.Type()).Implements(marshalerType) {
		return nil
	}
	switch {
	case value.Kind() == reflect.Struct:
		return structFields(value)
	case value.Kind() == reflect.Map && value.Type().Key().Kind() == reflect.String:
		if fields, ok := value.Interface().(map[string]any); ok {
			return fields
		}
		fields := make(map[string]any, value.Len())
		for entries := value.MapRange(); entries.Next(); {
			fields[entries.Key().String()] = entries.Value().Interface()
		}
		return fields
	}
	return nil
}

func structFields(value reflect.Value) map[string]any {
	fields := make(map[string]any, value.NumField())
	for index := 0; index < value.NumField(); index++ {
		field := value.Type().Field(index)
		if !field.IsExported() || field.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || strings.Contains(options, "omitempty") && value.Field(index).IsZero() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		fields[name] = value.Field(index).Interface()
	}
	return fields
}

// toJSON is compact and keeps `<`, `>` and `&` as they are.
func toJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}
