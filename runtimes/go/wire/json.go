// JSON as maps, lists, texts, numbers, truth values and nil, like encoding/json makes them. Promises nothing about what it
// does not take: not ok means that somebody else should look. Expects UTF-8.

package wire

import (
	"encoding/json"
	"strconv"
	"strings"
)

const (
	jsonSpace = " \t\r\n"
	// Deeper than any event of the gateway.
	maxDepth = 200
)

type jsonReader struct {
	text   string
	at     int
	copies bool
}

func (reader *jsonReader) value(depth int) (any, bool) {
	reader.skipSpace()
	if reader.at == len(reader.text) || depth > maxDepth {
		return nil, false
	}
	switch reader.text[reader.at] {
	case '{':
		return reader.object(depth)
	case '[':
		return reader.list(depth)
	case '"':
		return reader.string()
	case 't':
		return true, reader.word("true")
	case 'f':
		return false, reader.word("false")
	case 'n':
		return nil, reader.word("null")
	}
	return reader.number()
}

func (reader *jsonReader) object(depth int) (any, bool) {
	fields := map[string]any{}
	reader.at++
	if reader.byte('}') {
		return fields, true
	}
	for {
		reader.skipSpace()
		name, ok := reader.string()
		if !ok || !reader.byte(':') {
			return nil, false
		}
		value, ok := reader.value(depth + 1)
		if !ok {
			return nil, false
		}
		fields[name] = value
		if reader.byte('}') {
			return fields, true
		}
		if !reader.byte(',') {
			return nil, false
		}
	}
}

func (reader *jsonReader) list(depth int) (any, bool) {
	items := []any{}
	reader.at++
	if reader.byte(']') {
		return items, true
	}
	for {
		value, ok := reader.value(depth + 1)
		if !ok {
			return nil, false
		}
		items = append(items, value)
		if reader.byte(']') {
			return items, true
		}
		if !reader.byte(',') {
			return nil, false
		}
	}
}

func (reader *jsonReader) string() (string, bool) {
	if reader.at == len(reader.text) || reader.text[reader.at] != '"' {
		return "", false
	}
	start, escaped := reader.at, false
	for at := start + 1; at < len(reader.text); at++ {
		switch char := reader.text[at]; {
		case char == '"':
			reader.at = at + 1
			return reader.unquoted(reader.text[start:reader.at], escaped)
		case char == '\\':
			escaped = true
			at++
		case char < ' ':
			return "", false
		}
	}
	return "", false
}

func (reader *jsonReader) unquoted(quoted string, escaped bool) (string, bool) {
	if escaped {
		var text string
		err := json.Unmarshal([]byte(quoted), &text)
		return text, err == nil
	}
	text := quoted[1 : len(quoted)-1]
	if reader.copies {
		text = strings.Clone(text)
	}
	return text, true
}

func (reader *jsonReader) number() (any, bool) {
	start := reader.at
	for reader.at < len(reader.text) && strings.IndexByte("0123456789+-.eE", reader.text[reader.at]) >= 0 {
		reader.at++
	}
	text := reader.text[start:reader.at]
	// What strconv takes and JSON does not begins otherwise, or has a point without digits.
	digits := strings.TrimPrefix(text, "-")
	if !digitAt(digits, 0) || digits[0] == '0' && digitAt(digits, 1) {
		return nil, false
	}
	if point := strings.IndexByte(digits, '.'); point >= 0 && !digitAt(digits, point+1) {
		return nil, false
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil
}

func digitAt(text string, at int) bool {
	return at < len(text) && '0' <= text[at] && text[at] <= '9'
}

func (reader *jsonReader) word(word string) bool {
	if !strings.HasPrefix(reader.text[reader.at:], word) {
		return false
	}
	reader.at += len(word)
	return true
}

// byte takes one mark, and the space before it.
func (reader *jsonReader) byte(mark byte) bool {
	reader.skipSpace()
	if reader.at == len(reader.text) || reader.text[reader.at] != mark {
		return false
	}
	reader.at++
	return true
}

func (reader *jsonReader) skipSpace() {
	for reader.at < len(reader.text) {
		char := reader.text[reader.at]
		if char > ' ' || strings.IndexByte(jsonSpace, char) < 0 {
			return
		}
		reader.at++
	}
}
