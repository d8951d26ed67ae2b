// A handler's headers as lines that can be sent: text, checked, bounded. The gateway checks again; here a bad header is
// the handler's failure, with a message that names it.

package worker

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"unicode/utf8"

	"fastfn.invalid/wire"
)

// RFC 9110 5.6.2.
const tokenMarks = "!#$%&'*+-.^_`|~"

func headerLines(headers any) ([]wire.HeaderLine, error) {
	if headers == nil {
		return nil, nil
	}
	value := indirect(reflect.ValueOf(headers))
	if !value.IsValid() {
		return nil, nil
	}
	if value.Kind() != reflect.Map || value.Type().Key().Kind() != reflect.String {
		return nil, resultError("headers must be an object")
	}
	lines := make([]wire.HeaderLine, 0, value.Len())
	for entries := value.MapRange(); entries.Next(); {
		line, err := headerLine(entries.Key().String(), entries.Value())
		if err != nil {
			return nil, err
		}
		if line.Listed || len(line.Values) > 0 {
			lines = append(lines, line)
		}
	}
	// A map has no order; an answer should be the same each time.
	sort.Slice(lines, func(a, b int) bool { return lines[a].Name < lines[b].Name })
	return lines, checkHeaderLines(lines)
}

func headerLine(name string, value reflect.Value) (wire.HeaderLine, error) {
	line := wire.HeaderLine{Name: name}
	value = indirect(value)
	if !value.IsValid() {
		return line, nil
	}
	if value.Kind() == reflect.Slice || value.Kind() == reflect.Array {
		line.Listed = true
		for index := 0; index < value.Len(); index++ {
			item, err := headerLine(name, value.Index(index))
			if err != nil {
				return line, err
			}
			if item.Listed {
				return line, resultError("cannot send a list in a list as header %s", name)
			}
			line.Values = append(line.Values, item.Values...)
		}
		return line, nil
	}
	text, ok := scalarText(value)
	if !ok {
		return line, resultError("cannot send a header value of type %s as header %s", value.Type(), name)
	}
	// Beyond ASCII a header is Latin-1; a text that is no UTF-8 may already be.
	if !utf8.ValidString(text) {
		text = fromLatin1(text)
	}
	line.Values = []string{text}
	return line, nil
}

func fromLatin1(bytes string) string {
	var text strings.Builder
	for index := 0; index < len(bytes); index++ {
		text.WriteRune(rune(bytes[index]))
	}
	return text.String()
}

// contentType is in lower case; empty when there is none.
func contentType(lines []wire.HeaderLine) string {
	for _, line := range lines {
		if strings.EqualFold(line.Name, "content-type") && len(line.Values) > 0 {
			return strings.ToLower(line.Values[0])
		}
	}
	return ""
}

func withDefaultType(lines []wire.HeaderLine, kind string) []wire.HeaderLine {
	if contentType(lines) != "" {
		return lines
	}
	return append(lines, wire.HeaderLine{Name: "content-type", Values: []string{kind}})
}

func checkHeaderLines(lines []wire.HeaderLine) error {
	count, total := 0, 0
	for _, line := range lines {
		if !isToken(line.Name) || line.Name == "__proto__" {
			return resultError("cannot send a header named %s", wire.Quote(line.Name))
		}
		for _, value := range line.Values {
			size := len(line.Name) + utf8.RuneCountInString(value)
			count++
			total += size
			if size > wire.MaxHeaderBytes {
				return resultError("cannot send header %s: over %d bytes", line.Name, wire.MaxHeaderBytes)
			}
			if strings.IndexFunc(value, isUnsendable) >= 0 {
				return resultError("cannot send header %s: a control or wide character in it", line.Name)
			}
		}
	}
	if count > wire.MaxResultHeaders {
		return resultError("cannot send %d header lines: at most %d", count, wire.MaxResultHeaders)
	}
	if total > wire.MaxHeadersTotalBytes {
		return resultError("cannot send headers over %d bytes", wire.MaxHeadersTotalBytes)
	}
	return nil
}

func isToken(name string) bool {
	for _, char := range name {
		letter := 'a' <= char|0x20 && char|0x20 <= 'z' && char < utf8.RuneSelf
		digit := '0' <= char && char <= '9'
		if !letter && !digit && !strings.ContainsRune(tokenMarks, char) {
			return false
		}
	}
	return name != ""
}

// RFC 9110 5.5: CR, LF and NUL would split the answer; beyond U+00FF nothing can be sent.
func isUnsendable(char rune) bool {
	return char != '\t' && !(' ' <= char && char <= '~') && !(0x80 <= char && char <= 0xff)
}

func resultError(format string, values ...any) error { return fmt.Errorf(format, values...) }
