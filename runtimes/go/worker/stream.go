// Bodies that come in pieces: a reader, a channel, a function that writes, an iterator. Promises that each piece goes out
// as it comes, and that a source is told when nobody listens any more: its write fails, its reader is closed.

package worker

import (
	"context"
	"errors"
	"io"
	"reflect"
)

// stream writes its pieces to the sink until it has no more, or until a write fails.
type stream interface {
	defaultType() string
	sendTo(ctx context.Context, sink io.Writer) error
}

type (
	readerStream struct{ source io.Reader }
	writerStream func(io.Writer) error
	chanStream   struct{ source reflect.Value }
	bytesPieces  func(yield func([]byte) bool)
	textPieces   func(yield func(string) bool)
)

// streamOf is nil for what is no stream.
func streamOf(value any) stream {
	switch source := value.(type) {
	case nil:
		return nil
	case io.Reader:
		if reflected := reflect.ValueOf(source); reflected.Kind() == reflect.Pointer && reflected.IsNil() {
			return nil
		}
		return readerStream{source}
	case func(io.Writer) error:
		return writerStream(source)
	case func(io.Writer):
		return writerStream(func(sink io.Writer) error {
			source(sink)
			return nil
		})
	case func(func([]byte) bool):
		return bytesPieces(source)
	case func(func(string) bool):
		return textPieces(source)
	}
	reflected := reflect.ValueOf(value)
	if reflected.Kind() == reflect.Chan && reflected.Type().ChanDir()&reflect.RecvDir != 0 && isPiece(reflected.Type().Elem()) {
		return chanStream{reflected}
	}
	return nil
}

func isPiece(kind reflect.Type) bool {
	return kind.Kind() == reflect.String || kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Uint8
}

const pieceBytes = 32_768

func (readerStream) defaultType() string { return bytesType }

func (from readerStream) sendTo(ctx context.Context, sink io.Writer) error {
	if closer, ok := from.source.(io.Closer); ok {
		defer closer.Close()
		// A read that waits for something ends with its source.
		defer context.AfterFunc(ctx, func() { _ = closer.Close() })()
	}
	buffer := make([]byte, pieceBytes)
	for {
		count, err := from.source.Read(buffer)
		if count > 0 {
			if _, failed := sink.Write(buffer[:count]); failed != nil {
				return failed
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (writerStream) defaultType() string { return bytesType }

func (from writerStream) sendTo(_ context.Context, sink io.Writer) error { return from(sink) }

func (from chanStream) defaultType() string {
	if from.source.Type().Elem().Kind() == reflect.String {
		return plainType
	}
	return bytesType
}

// A sender that is not heard any more stays behind at its channel unless it looks at the context too.
func (from chanStream) sendTo(ctx context.Context, sink io.Writer) error {
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: from.source},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
	}
	for {
		chosen, piece, open := reflect.Select(cases)
		if chosen == 1 {
			return errCancelled
		}
		if !open {
			return nil
		}
		data := []byte(nil)
		if piece.Kind() == reflect.String {
			data = []byte(piece.String())
		} else {
			data = piece.Bytes()
		}
		if _, err := sink.Write(data); err != nil {
			return err
		}
	}
}

func (bytesPieces) defaultType() string { return bytesType }

func (from bytesPieces) sendTo(_ context.Context, sink io.Writer) (err error) {
	from(func(piece []byte) bool {
		_, err = sink.Write(piece)
		return err == nil
	})
	return err
}

func (textPieces) defaultType() string { return plainType }

func (from textPieces) sendTo(_ context.Context, sink io.Writer) (err error) {
	from(func(piece string) bool {
		_, err = io.WriteString(sink, piece)
		return err == nil
	})
	return err
}
