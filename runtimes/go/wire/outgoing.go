// What a worker says, as frames; each text is cut to the maximum that the gateway accepts.

package wire

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// HeaderLine is one header of an answer; several values are one line each.
type HeaderLine struct {
	Name   string
	Values []string
	// A list even of one value.
	Listed bool
}

// Head is the beginning of an answer, without its body.
type Head struct {
	Status  int
	Headers []HeaderLine
	// JSON of the edge passthrough directive, or nil.
	Proxy []byte
}

func Ready(concurrency int, version string) []byte {
	return mustFrame(begin(`{"type":"ready","concurrency":`).number(concurrency).raw(`,"runtime_version":`).quoted(version).raw("}"))
}

func LoadFailed(text, detail string) []byte {
	line := strings.Join(strings.Fields(text), " ")
	return mustFrame(begin(`{"type":"load_failed",`).failure(line, detail).raw("}"))
}

// Error is the end of an invocation that failed; undecodable: the answer is bad, not the call.
func Error(id uint32, text, detail string, undecodable bool) []byte {
	message := begin(`{"type":"error","id":`).number(int(id)).raw(",").failure(text, detail)
	if undecodable {
		message = message.raw(`,"undecodable":true`)
	}
	return mustFrame(message.raw("}"))
}

// Log expects a text within MaxLogTextBytes.
func Log(id uint32, stream, text string) []byte {
	return mustFrame(begin(`{"type":"log","id":`).number(int(id)).raw(`,"stream":"` + stream + `","text":`).quoted(text).raw("}"))
}

func Credit(id uint32, count int) []byte {
	return mustFrame(begin(`{"type":"credit","id":`).number(int(id)).raw(`,"bytes":`).number(count).raw("}"))
}

func Pong(n int64) []byte {
	return mustFrame(begin(`{"type":"pong","n":`).number(int(n)).raw("}"))
}

// Result without a body, or with one that is all here; an error when it fits no frame.
func Result(id uint32, head Head, text string) ([]byte, error) {
	if text == "" {
		return framed(resultHead(id, head).raw(`{"kind":"none"}`).proxy(head.Proxy).raw("}"))
	}
	return framed(resultHead(id, head).raw(`{"kind":"text","text":`).quoted(text).raw("}").proxy(head.Proxy).raw("}"))
}

// ResultStream is followed by chunks; bytes is their exact total, or -1 where it is not known.
func ResultStream(id uint32, head Head, bytes int) ([]byte, error) {
	total := "null"
	if bytes >= 0 {
		total = strconv.Itoa(bytes)
	}
	return framed(resultHead(id, head).raw(`{"kind":"stream","bytes":` + total + "}").proxy(head.Proxy).raw("}"))
}

// Quote is the JSON of a text; what is no UTF-8 in it becomes U+FFFD.
func Quote(text string) string {
	return string(message(nil).quoted(text))
}

type message []byte

// Leaves room for the length.
func begin(text string) message {
	return append(make(message, lengthBytes, 256), text...)
}

// For messages whose parts all have maxima.
func mustFrame(whole message) []byte {
	frame, err := framed(whole)
	if err != nil {
		panic(err)
	}
	return frame
}

func resultHead(id uint32, head Head) message {
	whole := begin(`{"type":"result","id":`).number(int(id)).raw(`,"status":`).number(head.Status)
	return whole.raw(`,"headers":`).headers(head.Headers).raw(`,"body":`)
}

func (whole message) headers(lines []HeaderLine) message {
	whole = whole.raw("{")
	for index, line := range lines {
		if index > 0 {
			whole = whole.raw(",")
		}
		whole = whole.quoted(line.Name).raw(":").values(line)
	}
	return whole.raw("}")
}

func (whole message) values(line HeaderLine) message {
	if !line.Listed && len(line.Values) == 1 {
		return whole.quoted(line.Values[0])
	}
	whole = whole.raw("[")
	for index, value := range line.Values {
		if index > 0 {
			whole = whole.raw(",")
		}
		whole = whole.quoted(value)
	}
	return whole.raw("]")
}

func (whole message) proxy(directive []byte) message {
	if directive == nil {
		return whole
	}
	return append(whole.raw(`,"proxy":`), directive...)
}

func (whole message) failure(text, detail string) message {
	return whole.raw(`"error":`).quoted(bounded(text)).raw(`,"detail":`).quoted(bounded(detail))
}

func (whole message) raw(text string) message { return append(whole, text...) }

func (whole message) number(value int) message { return strconv.AppendInt(whole, int64(value), 10) }

func (whole message) quoted(text string) message {
	const hex = "0123456789abcdef"
	whole = append(whole, '"')
	for index := 0; index < len(text); {
		char := text[index]
		if char >= utf8.RuneSelf {
			_, size := utf8.DecodeRuneInString(text[index:])
			if size == 1 {
				whole = whole.raw("\uFFFD")
			} else {
				whole = append(whole, text[index:index+size]...)
			}
			index += size
			continue
		}
		switch {
		case char == '"' || char == '\\':
			whole = append(whole, '\\', char)
		case char == '\n':
			whole = append(whole, '\\', 'n')
		case char < ' ':
			whole = append(whole, '\\', 'u', '0', '0', hex[char>>4], hex[char&0xf])
		default:
			whole = append(whole, char)
		}
		index++
	}
	return append(whole, '"')
}

// The start of a text within the maximum, no character cut in two.
func bounded(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= MaxErrorTextBytes {
		return text
	}
	end := MaxErrorTextBytes - len("...")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
