// How the handler is called, decided once by its type: with a context, the event as a map or as a type of its own, and the
// path parameters; it returns a value, an error, both or nothing.

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// handlerCall runs user code; it may panic.
type handlerCall func(ctx context.Context, event map[string]any) (any, error)

// argument makes one argument of a call.
type argument func(ctx context.Context, event map[string]any) (reflect.Value, error)

var (
	contextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	errorType   = reflect.TypeOf((*error)(nil)).Elem()
)

const acceptedHandler = "accepted: func handler(event map[string]interface{}) interface{}, " +
	"with a context.Context before the event, path parameters behind it, and an error behind the result if wanted"

func planCall(handler any) (handlerCall, error) {
	value := reflect.ValueOf(handler)
	if value.Kind() != reflect.Func || value.IsNil() {
		return nil, fmt.Errorf("the handler is no function; %s", acceptedHandler)
	}
	arguments, err := planArguments(value.Type())
	if err != nil {
		return nil, err
	}
	results, err := planResults(value.Type())
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event map[string]any) (any, error) {
		given := make([]reflect.Value, len(arguments))
		for index, argument := range arguments {
			value, err := argument(ctx, event)
			if err != nil {
				return nil, err
			}
			given[index] = value
		}
		return results(value.Call(given))
	}, nil
}

func planArguments(kind reflect.Type) ([]argument, error) {
	if kind.IsVariadic() {
		return nil, fmt.Errorf("cannot call the handler %s; %s", kind, acceptedHandler)
	}
	var arguments []argument
	next := 0
	if kind.NumIn() > 0 && kind.In(0) == contextType {
		next = 1
		arguments = append(arguments, func(ctx context.Context, _ map[string]any) (reflect.Value, error) {
			return reflect.ValueOf(ctx), nil
		})
	}
	if kind.NumIn() > next {
		arguments = append(arguments, decoded("event", kind.In(next), func(event map[string]any) any { return event }))
		next++
	}
	if kind.NumIn() > next {
		arguments = append(arguments, decoded("path parameters", kind.In(next), paramsOf))
		next++
	}
	if kind.NumIn() > next {
		return nil, fmt.Errorf("cannot call the handler %s; %s", kind, acceptedHandler)
	}
	return arguments, nil
}

func paramsOf(event map[string]any) any {
	params, _ := event["params"].(map[string]any)
	if params == nil {
		params = map[string]any{}
	}
	return params
}

// decoded gives a map as it is, and any other type what its JSON makes of the map.
func decoded(what string, wanted reflect.Type, pick func(map[string]any) any) argument {
	mapType := reflect.TypeOf(map[string]any(nil))
	if mapType.AssignableTo(wanted) {
		return func(_ context.Context, event map[string]any) (reflect.Value, error) {
			return reflect.ValueOf(pick(event)), nil
		}
	}
	return func(_ context.Context, event map[string]any) (reflect.Value, error) {
		text, err := json.Marshal(pick(event))
		if err != nil {
			return reflect.Value{}, err
		}
		if wanted.Kind() == reflect.Slice && wanted.Elem().Kind() == reflect.Uint8 {
			return reflect.ValueOf(text).Convert(wanted), nil
		}
		target := reflect.New(wanted)
		if err := json.Unmarshal(text, target.Interface()); err != nil {
			return reflect.Value{}, fmt.Errorf("cannot decode the %s into %s: %w", what, wanted, err)
		}
		return target.Elem(), nil
	}
}

func planResults(kind reflect.Type) (func([]reflect.Value) (any, error), error) {
	last := kind.NumOut() - 1
	fails := last >= 0 && kind.Out(last) == errorType
	values := kind.NumOut()
	if fails {
		values--
	}
	if values > 1 {
		return nil, fmt.Errorf("cannot call the handler %s; %s", kind, acceptedHandler)
	}
	return func(results []reflect.Value) (any, error) {
		if fails && !results[last].IsNil() {
			return nil, results[last].Interface().(error)
		}
		if values == 0 {
			return nil, nil
		}
		return results[0].Interface(), nil
	}, nil
}

// errorText is never empty.
func errorText(err error) string {
	if text := err.Error(); text != "" {
		return text
	}
	return fmt.Sprintf("%T", err)
}

var errCancelled = errors.New("invocation cancelled")
