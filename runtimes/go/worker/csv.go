// A body of rows as CSV, for answers whose content type asks for it; the same text in every language.

package worker

import (
	"bytes"
	"encoding/json"
	"strings"
)

// toCSV takes the JSON of the body: lists are rows, objects are rows under a header row of the first one's keys.
func toCSV(text []byte) (string, error) {
	var rows []json.RawMessage
	if firstByte(text) == '{' {
		rows = []json.RawMessage{text}
	} else if err := json.Unmarshal(text, &rows); err != nil {
		return "", err
	}
	var lines []string
	var keys []string
	if len(rows) > 0 && firstByte(rows[0]) == '{' {
		if keys = keysInOrder(rows[0]); len(keys) == 0 {
			return "", nil
		}
		lines = append(lines, line(keys))
	}
	for _, row := range rows {
		lines = append(lines, line(cells(row, keys)))
	}
	return strings.Join(lines, "\n"), nil
}

func cells(row json.RawMessage, keys []string) []string {
	if keys != nil {
		var named map[string]json.RawMessage
		// A row of another kind has none of the columns.
		_ = json.Unmarshal(row, &named)
		texts := make([]string, len(keys))
		for index, key := range keys {
			texts[index] = cell(named[key])
		}
		return texts
	}
	if firstByte(row) != '[' {
		return []string{cell(row)}
	}
	var items []json.RawMessage
	_ = json.Unmarshal(row, &items)
	texts := make([]string, len(items))
	for index, item := range items {
		texts[index] = cell(item)
	}
	return texts
}

func cell(value json.RawMessage) string {
	switch firstByte(value) {
	case 0, 'n':
		return ""
	case '"':
		var text string
		_ = json.Unmarshal(value, &text)
		return text
	}
	return string(value)
}

func line(texts []string) string {
	quoted := make([]string, len(texts))
	for index, text := range texts {
		if strings.ContainsAny(text, ",\"\r\n") {
			text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		}
		quoted[index] = text
	}
	return strings.Join(quoted, ",")
}

// A decoded map would forget the order of a struct's fields.
func keysInOrder(object []byte) []string {
	decoder := json.NewDecoder(bytes.NewReader(object))
	_, _ = decoder.Token()
	var keys []string
	for decoder.More() {
		token, err := decoder.Token()
		key, named := token.(string)
		var value json.RawMessage
		if err != nil || !named || decoder.Decode(&value) != nil {
			break
		}
		keys = append(keys, key)
	}
	return keys
}

func firstByte(text []byte) byte {
	if len(text) == 0 {
		return 0
	}
	return text[0]
}
