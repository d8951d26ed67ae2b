"""JSON for frames and bodies: strict, compact, non-ASCII kept. Promises to work without importing `json`, whose
pattern modules double the start-up time of a process; where the C accelerator is missing or speaks otherwise, `json`
is used after all."""


class _ScannerSettings:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = None


def _refuse(value):
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


_ScannerSettings.parse_constant = staticmethod(_refuse_constant)


def _accelerated():
    from _json import encode_basestring, make_encoder, make_scanner

    scan = make_scanner(_ScannerSettings)
    # Objects on the way down to the current one; what stays behind after an exception would look like a cycle later.
    on_the_way = {}
    chunks_of = make_encoder(on_the_way, _refuse, encode_basestring, None, ":", ",", False, False, False)

    def encode(value):
        try:
            return "".join(chunks_of(value, 0))
        except BaseException:
            on_the_way.clear()
            raise

    if encode({"a": [1, "\u00e9"], "b": None}) != '{"a":[1,"\u00e9"],"b":null}' or scan("[1]", 0) != ([1], 3):
        raise ImportError("the C accelerator of json speaks otherwise")
    return scan, encode, encode_basestring


def _plain():
    import json
    from json.encoder import encode_basestring

    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    return decoder.raw_decode, encoder.encode, encode_basestring


try:
    _scan, encode, quote = _accelerated()
except (ImportError, TypeError, AttributeError):
    _scan, encode, quote = _plain()


def decode(payload):
    """Parses the bytes of one JSON value; ValueError when they are anything else."""
    text = payload.decode()
    try:
        value, end = _scan(text, 0)
    except (StopIteration, SystemError):
        # SystemError: the accelerator looks for the error class in `json`, and finds it not imported.
        raise ValueError("malformed JSON") from None
    if end != len(text):
        raise ValueError("text after the JSON value")
    return value


def utf8(text):
    """The bytes of a text; what UTF-8 cannot carry (a lone surrogate) becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
